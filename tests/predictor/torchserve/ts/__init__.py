"""The package `ts`, as handlers import it."""
