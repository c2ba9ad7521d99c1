"""The laws of effio, each a function from any programs to two programs that must be the same to everybody."""
