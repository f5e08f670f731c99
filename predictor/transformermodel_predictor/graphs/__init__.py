"""Tries out graphs: random batches, and the batch sizes and lengths that a graph accepts."""
