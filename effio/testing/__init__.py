"""Checking programs: generated programs, a model of what they mean, the laws that hold for all of them."""
