"""Scores of probabilities, how sure they are, and whether two runs differ. NumPy and SciPy only."""
