"""Which schedules there are and which of them are run: the search through any system, and the samplers."""
