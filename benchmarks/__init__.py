"""Programs that measure. Their tables are committed in docs/benchmarks.md with the command that makes them."""
