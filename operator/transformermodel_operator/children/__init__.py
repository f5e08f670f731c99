"""Builds the objects that a model owns. Pure."""
