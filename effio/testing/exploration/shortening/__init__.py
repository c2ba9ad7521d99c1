"""A failing run made simple, and the passing one that is next to it."""
