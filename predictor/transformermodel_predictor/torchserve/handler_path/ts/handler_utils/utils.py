"""Sends intermediate responses; imports classes by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from ts.context import Context
from ts.intermediate import Piece
from ts.utils.classes import import_class

__all__ = ["import_class", "send_intermediate_predict_response"]


def send_intermediate_predict_response(
    ret: Sequence[Any] | Mapping[int, Any] | None,
    req_id_map: Mapping[int, str],
    message: str,
    code: int,
    context: Context,
) -> None:
    """Send the clients a piece of every row's answer; the handler's result is the last piece.

    Args:
        ret: pieces by the keys of `req_id_map`; None sends the message instead.
        req_id_map: request ids by row: `context.request_ids`, or a subset of it.
        message: the reason phrase.
        code: the HTTP status.
        context: the handler's context.
    """
    rows = {request: row for row, request in (context.request_ids or {}).items()}
    context.send_intermediate(
        [
            Piece(rows.get(request, key), message if ret is None else ret[key], code, message)
            for key, request in req_id_map.items()
        ]
    )
