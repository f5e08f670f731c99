"""The URLs of a server, protocol by protocol."""
