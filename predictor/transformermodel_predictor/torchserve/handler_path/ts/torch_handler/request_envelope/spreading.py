"""A context for rows of which several come from one request."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ts.intermediate import Piece


@contextmanager
def spread_rows(context: Any, origins: Sequence[int]) -> Iterator[None]:
    """Have the context speak of rows: each has the headers of its request, whose answer gets what is said of the row's.

    Args:
        context: whose rows are requests, before and after.
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
