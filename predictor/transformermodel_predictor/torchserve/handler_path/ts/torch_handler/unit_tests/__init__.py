"""Utilities for tests of handlers."""
