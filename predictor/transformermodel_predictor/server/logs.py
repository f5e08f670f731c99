"""Configures the server's logs, which go to standard error."""

import logging


def configure_logs(access: bool) -> None:
    """Log handlers' output and, optionally, every request; through existing log handlers if there are any.

    Args:
        access: whether to log every request.
    """
    _write("transformermodel.access", logging.INFO if access else logging.WARNING)
    _write("transformermodel.handler", logging.INFO)


def _write(name: str, level: int) -> None:
    log = logging.getLogger(name)
    log.setLevel(level)
    if not log.hasHandlers():
        log.addHandler(logging.StreamHandler())
