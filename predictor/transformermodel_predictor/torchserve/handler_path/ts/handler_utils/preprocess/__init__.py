"""Preprocessing outside of Python, which is not supported."""
