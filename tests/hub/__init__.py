"""A hub of our own: the routes that huggingface_hub calls, over a folder of repositories.

    python -m tests.hub --folder FOLDER --port PORT [--host HOST]

It stands in for the Hub where there is no way out, and for faults that the real one shows only on bad days.
"""
