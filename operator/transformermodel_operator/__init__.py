"""Watches TransformerModels, decides and applies."""
