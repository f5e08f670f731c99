"""ts.handler_utils."""
