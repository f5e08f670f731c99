"""Preparation of rows outside of Python, which is not supported."""
