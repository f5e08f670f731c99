"""In which form an explanation is sent: `?format=`, whatever the protocol."""

from collections.abc import Callable
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from transformermodel_predictor.protocols.errors import InvalidRequest

FORMAT = "format"
"""The member of a URL's query that says it."""


class Format(StrEnum):
    """The forms."""

    json = "json"


def explained_response(request: Request, write_json: Callable[[], Response]) -> Response:
    """The response in the wanted form; the protocol's own where the client does not say.

    Args:
        request: what the client sent.
        write_json: writes the protocol's own.

    Raises:
        InvalidRequest: there is no such form.
    """
    wanted = request.query_params.get(FORMAT, Format.json)
    if wanted not in list(Format):
        raise InvalidRequest(f"{FORMAT} must be {' or '.join(Format)}")
    return write_json()
