"""What TorchServe's handlers share."""
