"""Logs, once each, what is replaced for a handler that was written for older libraries."""

import logging

_log = logging.getLogger(__name__.rpartition(".")[0])
_logged: set[str] = set()


def log_replacement(older: str, replacement: str) -> None:
    """Log, the first time only, that a handler uses a name which transformers no longer has.

    Args:
        older: the name, such as `encode_plus`.
        replacement: what takes its place, as a clause.
    """
    log_once(f"the handler uses {older} of an older transformers: {replacement}")


def log_once(message: str) -> None:
    """Log a message the first time only."""
    if message not in _logged:
        _logged.add(message)
        _log.warning("%s", message)
