"""TorchServe's handlers: what running them here costs beside TorchServe itself."""
