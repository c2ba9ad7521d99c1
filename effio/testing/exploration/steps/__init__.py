"""Effio's interpreter as a system to search: one action at a time, what each touches, and who may go first."""
