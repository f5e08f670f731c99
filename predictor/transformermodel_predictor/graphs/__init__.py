"""Trying a graph: random batches for it, and in which sizes it can be called."""
