"""What of a request's headers a handler sees, and what of them steers the way of its calls."""

import uuid
from collections.abc import Mapping, Sequence

from transformermodel_predictor.protocols.request_id import new_request_id
from transformermodel_predictor.server.header_names import REQUEST_ID
from transformermodel_predictor.torchserve.call import Call, CallKind, Part

SEQUENCE_ID = "ts_request_sequence_id"
SEQUENCE_START = "ts_request_sequence_start"


def call_of(
    kind: CallKind, parts: Sequence[Part], headers: Mapping[str, str], further: Mapping[str, str] | None = None
) -> Call:
    """A call with what came beside its parts; further headers are those that TorchServe adds.

    A sequence that begins without an id is given one.

    Args:
        kind: what is asked.
        parts: the named values.
        headers: the client's, by lower-case names.
        further: those that TorchServe adds.
    """
    shown = dict(headers.items())
    shown.update(further or {})
    if shown.get(SEQUENCE_START, "").lower() == "true" and not shown.get(SEQUENCE_ID):
        shown[SEQUENCE_ID] = str(uuid.uuid4())  # whoever guessed it could speak in another's sequence
    request_id = shown.get(REQUEST_ID) or new_request_id()
    return Call(kind, tuple(parts), shown, request_id, shown.get(SEQUENCE_ID))


def calls_of(kind: CallKind, rows: Sequence[Sequence[Part]], headers: Mapping[str, str]) -> list[Call]:
    """The rows of one request as calls; where there are several, its id is numbered."""
    whole = [call_of(kind, parts, headers) for parts in rows]
    if len(whole) == 1:
        return whole
    given = headers.get(REQUEST_ID) or new_request_id()
    return [
        Call(call.kind, call.parts, call.headers, f"{given}:{row}", call.sequence_id) for row, call in enumerate(whole)
    ]
