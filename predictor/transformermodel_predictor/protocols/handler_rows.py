"""Converts values of V1 and V2 into rows of TorchServe's handlers, and their replies into values. Pure."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import orjson

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.torchserve.call import HandlerFailed, Part, Reply

BODY = "body"
"""Handlers' name of a row's body."""

_BASE64 = "b64"
"""The only member of an object that stands for bytes, as TensorFlow Serving defined it for V1."""

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_BODY_NAMES = ("data", BODY)
"""The names under which handlers look for a row's body."""


def part_of(name: str, value: object) -> Part:
    """A named value as a part of a row: bytes unchanged, text as UTF-8, anything else as JSON.

    Raises:
        InvalidRequest: the member `b64` is not base64.
    """
    if isinstance(value, bytes):
        return Part(name, value)
    if isinstance(value, str):
        return Part(name, value.encode(errors="surrogatepass"), _TEXT)
    if isinstance(value, Mapping) and list(value) == [_BASE64]:
        return Part(name, _decoded(value[_BASE64]))
    return Part(name, orjson.dumps(value), _JSON)


def parts_of(instance: object) -> tuple[Part, ...]:
    """An instance of V1 as a row.

    An object with `data` or `body` is the row itself, as in TorchServe's envelopes for V1; anything else is its body.

    Raises:
        InvalidRequest: the member `b64` is not base64.
    """
    if isinstance(instance, Mapping) and any(name in instance for name in _BODY_NAMES):
        return tuple(part_of(name, value) for name, value in instance.items())
    return (part_of(BODY, instance),)


def value_of(reply: Reply) -> Any:  # noqa: ANN401 - any JSON value
    """A reply as a JSON value: the handler's own value, its text, or for other bytes an object with their base64."""
    if reply.json or (reply.content_type or "").startswith(_JSON):
        return read_json(reply)
    try:
        return reply.body.decode()
    except UnicodeDecodeError:
        return {_BASE64: base64.b64encode(reply.body).decode()}


def read_json(reply: Reply) -> Any:  # noqa: ANN401 - any JSON value
    """Parse a reply's body as JSON; NaN and infinities, which Python writes, are accepted.

    Raises:
        HandlerFailed: the body is not JSON.
    """
    try:
        return json.loads(reply.body)
    except ValueError as error:
        raise HandlerFailed(f"the handler's answer is not JSON: {error}") from None


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "*", validate=True)
    except ValueError:
        raise InvalidRequest(f"the member {_BASE64} must be a text in base64") from None
