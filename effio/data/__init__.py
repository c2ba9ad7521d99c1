"""Floor 0: plain values without IO or clock."""
