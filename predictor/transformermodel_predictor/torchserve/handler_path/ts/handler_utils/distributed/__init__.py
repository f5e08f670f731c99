"""Models over several processes, which are not supported: each worker is one process."""
