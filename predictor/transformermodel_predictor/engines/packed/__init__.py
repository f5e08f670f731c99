"""Padding-free execution: the sequences of a batch follow one another in one row, so that no padding is computed."""
