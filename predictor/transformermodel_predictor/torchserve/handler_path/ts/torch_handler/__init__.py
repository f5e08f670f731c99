"""The base class of handlers, and the handlers that archives can name."""
