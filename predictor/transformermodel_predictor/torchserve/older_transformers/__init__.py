"""Lets handlers written for transformers 2 to 4 run on 5, by restoring names that they use, in their process alone.

Nothing here imports transformers: `installing.install` patches each of its modules when a handler imports it. The first
use of a restored name is logged, with what replaces it.
"""
