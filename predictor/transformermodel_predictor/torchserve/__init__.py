"""What ties us to TorchServe: its archives."""
