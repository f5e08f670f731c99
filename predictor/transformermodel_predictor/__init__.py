"""Prepares models and serves them. The only package that imports torch and kserve."""
