"""Base classes of handlers for models spread over several processes, which are not supported."""
