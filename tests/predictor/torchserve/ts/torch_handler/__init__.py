"""ts.torch_handler."""
