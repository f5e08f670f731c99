"""TorchServe's management API: models come, go and are scaled while the server runs."""
