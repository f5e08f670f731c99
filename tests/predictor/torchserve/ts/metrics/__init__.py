"""ts.metrics."""
