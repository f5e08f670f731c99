"""Handlers of older transformers."""
