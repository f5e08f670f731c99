"""The objects that a model becomes, built by pure functions."""
