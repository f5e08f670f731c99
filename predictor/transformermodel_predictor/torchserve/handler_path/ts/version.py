"""The version of TorchServe whose interface this package has."""

__version__ = "0.12.0"
