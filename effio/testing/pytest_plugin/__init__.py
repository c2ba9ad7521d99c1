"""The pytest plugin: a test may return a program, and a fixture a resource."""
