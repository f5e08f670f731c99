"""The error for TorchServe features that are not supported here."""


class Unsupported(RuntimeError):
    """A handler needs a feature that this server lacks; the message says what to do instead."""
