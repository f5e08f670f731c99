"""Saying once what was done for a handler."""

import logging

_log = logging.getLogger(__name__.rpartition(".")[0])
_said: set[str] = set()


def tell_once(older: str, instead: str) -> None:
    """Log what a handler uses that transformers no longer has, and what it gets; the first time only.

    Args:
        older: what the handler uses, such as `encode_plus`.
        instead: what takes its place, as a clause.
    """
    say_once(f"the handler uses {older} of an older transformers: {instead}")


def say_once(sentence: str) -> None:
    """Log a sentence the first time only."""
    if sentence not in _said:
        _said.add(sentence)
        _log.warning("%s", sentence)
