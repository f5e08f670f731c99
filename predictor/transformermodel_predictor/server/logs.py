"""Which of the server's logs are written, to standard error."""

import logging


def configure_logs(access: bool) -> None:
    """Write what handlers print and, if wanted, every request; through the program's own log handlers where it has any.

    Args:
        access: whether every request is logged.
    """
    _write("transformermodel.access", logging.INFO if access else logging.WARNING)
    _write("transformermodel.handler", logging.INFO)


def _write(name: str, level: int) -> None:
    log = logging.getLogger(name)
    log.setLevel(level)
    if not log.hasHandlers():
        log.addHandler(logging.StreamHandler())
