"""Where checkpoints come from: hubs, Python packages, folders."""
