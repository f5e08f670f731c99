"""The package that handlers written for TorchServe import: TorchServe 0.12's interface with our own implementation."""

from ts.version import __version__

__all__ = ["__version__"]
