"""How fast the explorer is, and how fast it finds each known bug, beside other ways to look for bugs."""
