"""A model of what programs mean, slow and plain, to hold the interpreter to."""
