"""The command line: run a program, run a demo, say what is installed."""
