"""Programs with known races, each beside its mended form."""
