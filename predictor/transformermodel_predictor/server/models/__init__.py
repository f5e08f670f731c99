"""The models of a server: their versions, and the place in which each is loaded, ready or failed."""
