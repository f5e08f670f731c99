"""Padding-free execution: the sequences of a batch one after another in one row, so that no padding is computed."""
