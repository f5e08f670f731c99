"""The base of handlers, and handlers that archives may name."""
