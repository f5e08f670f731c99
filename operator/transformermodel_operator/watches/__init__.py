"""Lists, watches and caches the API server's objects."""
