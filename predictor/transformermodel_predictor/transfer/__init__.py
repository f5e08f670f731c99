"""Transfers files of a known state into a folder: in ranges, verified, resumed after a killed process."""
