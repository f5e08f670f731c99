"""What handlers of TorchServe could use and handlers here cannot."""


class Unsupported(RuntimeError):
    """A handler needs something that this server does not do; the text says what to do instead."""
