"""A recipe made so small that this machine runs it within a given time."""
