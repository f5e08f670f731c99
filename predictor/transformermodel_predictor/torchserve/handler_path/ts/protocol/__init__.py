"""The protocol between TorchServe's processes; handlers use one function of it."""
