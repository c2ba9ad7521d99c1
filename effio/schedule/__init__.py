"""When to run again, decided before anything runs: schedules are values, and a step of one is a pure function."""
