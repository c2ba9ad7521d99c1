"""What pytest and Hypothesis load when they start: nothing of effio itself, until somebody has imported that."""
