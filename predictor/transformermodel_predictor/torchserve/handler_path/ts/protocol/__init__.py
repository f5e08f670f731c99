"""How TorchServe's processes speak with each other, of which handlers use one function."""
