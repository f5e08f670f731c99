"""One way to attribute per file."""
