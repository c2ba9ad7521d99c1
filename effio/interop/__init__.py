"""Programs and the rest of the process: worker threads, child processes, and threads that call back."""
