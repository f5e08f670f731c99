"""Utilities for handlers."""
