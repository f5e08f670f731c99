"""How bytes of a known state come into a folder: in ranges, verified, going on where a killed process ended."""
