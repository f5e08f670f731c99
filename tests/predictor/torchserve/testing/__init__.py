"""Tests of handlers, tested."""
