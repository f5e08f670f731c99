"""Lists, watches and keeps what the API server has."""
