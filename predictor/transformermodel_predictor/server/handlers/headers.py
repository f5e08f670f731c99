"""Makes calls to handlers from a request's parts and headers."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from transformermodel_predictor.protocols.request_id import new_request_id
from transformermodel_predictor.server.header_names import REQUEST_ID
from transformermodel_predictor.torchserve.call import Call, CallKind, Part

SEQUENCE_ID = "ts_request_sequence_id"
SEQUENCE_START = "ts_request_sequence_start"


def call_of(
    kind: CallKind, parts: Sequence[Part], headers: Mapping[str, str], further: Mapping[str, str] | None = None
) -> Call:
    """Make a call. A sequence that starts without an id gets a new one.

    Args:
        kind: predict or explain.
        parts: the named values of the row.
        headers: the client's headers, by lower-case names.
        further: headers that TorchServe adds.
    """
    visible = dict(headers.items())
    visible.update(further or {})
    if visible.get(SEQUENCE_START, "").lower() == "true" and not visible.get(SEQUENCE_ID):
        visible[SEQUENCE_ID] = str(uuid.uuid4())  # unguessable, or another client could join the sequence
    request_id = visible.get(REQUEST_ID) or new_request_id()
    return Call(kind, tuple(parts), visible, request_id, visible.get(SEQUENCE_ID))


def calls_of(kind: CallKind, rows: Sequence[Sequence[Part]], headers: Mapping[str, str]) -> list[Call]:
    """Make a call of each row of a request; if there are several, each appends its number to the request's id."""
    calls = [call_of(kind, parts, headers) for parts in rows]
    if len(calls) == 1:
        return calls
    request_id = headers.get(REQUEST_ID) or new_request_id()
    return [replace(call, request_id=f"{request_id}:{row}") for row, call in enumerate(calls)]
