"""The HTTP server around the models."""
