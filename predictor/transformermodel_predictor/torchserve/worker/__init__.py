"""The process in which a handler runs. Imports nothing heavy: what a worker needs of memory is its handler's own."""
