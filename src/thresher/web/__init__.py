"""The review page: a person judges suspicious labels, in the order that gains most."""
