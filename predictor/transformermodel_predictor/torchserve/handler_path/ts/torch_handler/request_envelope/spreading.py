"""Adapts the context where several rows come from one request."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ts.intermediate import Piece


@contextmanager
def spread_rows(context: Any, origins: Sequence[int]) -> Iterator[None]:
    """Map the context to rows: each has its request's headers, and what it sets on its answer goes to the request's.

    Args:
        context: has one row per request before and after.
        origins: the request of each row.
    """
    processors, request_ids, sender = context.request_processor, context.request_ids, context._sender
    context.request_processor = [processors[origin] for origin in origins] if processors else processors
    context.request_ids = {row: (request_ids or {}).get(origin, "") for row, origin in enumerate(origins)}

    def send(pieces: Sequence[Piece]) -> None:
        sender([replace(piece, index=origins[piece.index]) for piece in pieces])

    context._sender = send if sender is not None else None
    try:
        yield
    finally:
        context.request_processor, context.request_ids, context._sender = processors, request_ids, sender
