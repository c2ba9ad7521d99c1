"""Finding the schedule that breaks a program: every inequivalent order of its actions, or a random sample of them."""
