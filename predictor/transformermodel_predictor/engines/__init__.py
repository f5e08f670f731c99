"""Ways to run a model; one file per way."""
