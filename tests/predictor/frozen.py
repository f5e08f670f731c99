"""Imported last by the process of which others are copies: their collectors of garbage pass over all that it has."""

import gc

gc.collect()
gc.freeze()
