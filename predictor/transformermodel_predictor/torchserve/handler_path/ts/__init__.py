"""The package that handlers written for TorchServe import; what it offers is TorchServe 0.12's, the code is our own."""

from ts.version import __version__

__all__ = ["__version__"]
