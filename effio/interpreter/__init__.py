"""What running a program means: fibers, scopes, schedulers and the backends that drive them."""
