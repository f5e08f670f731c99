"""The real TorchServe, to show that what we pack for it works there."""
