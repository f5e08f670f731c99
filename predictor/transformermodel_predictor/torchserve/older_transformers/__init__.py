"""Handlers that were written for transformers 2 to 4 run on 5: what they call is served, in their process alone.

Nothing here imports transformers: `installing.install` has each part of it changed at the moment when a handler imports
it. What is served says so once in the log, with what takes its place.
"""
