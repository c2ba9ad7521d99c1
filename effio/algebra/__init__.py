"""What a program can say: `IO` and its words; building them does nothing."""
