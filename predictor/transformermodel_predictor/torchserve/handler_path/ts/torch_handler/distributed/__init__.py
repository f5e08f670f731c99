"""Bases of handlers for models over several processes, which are not supported."""
