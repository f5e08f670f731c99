"""Encodes a handler's answers as replies."""

import io
import json
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from transformermodel_predictor.torchserve.call import Reply

_CONTENT_TYPE = "content-type"
_STREAM_NEXT = "ts_stream_next"
"""The header by which TorchServe's own workers say that more follows."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class UnusableAnswer(Exception):
    """A handler's answers cannot be sent; the message begins with TorchServe's own wording."""


def checked(answers: object, rows: int) -> list[Any]:
    """Check that there is one answer per row, and return the answers.

    Raises:
        UnusableAnswer: the answers are not a list, or not as many as the rows.
    """
    if not isinstance(answers, list):
        raise UnusableAnswer(
            f"Invalid model predict output: the handler returned {_named(answers)} and has to return a list with one "
            "answer for each row"
        )
    if len(answers) != rows:
        raise UnusableAnswer(
            f"number of batch response mismatched: the handler was given {rows} rows, its answers are {len(answers)}"
        )
    return answers


def reply(value: object, status: int, phrase: str | None, headers: Mapping[str, Any], more: bool = False) -> Reply:
    """Encode an answer.

    Args:
        value: bytes are sent unchanged, text as UTF-8, a tensor as torch.save writes it, anything else as JSON.
        status: the HTTP status.
        phrase: its reason phrase; the standard one if None or empty.
        headers: the headers that the handler has set, including the content type.
        more: whether the row stays in the next batch.

    Raises:
        UnusableAnswer: the value cannot be encoded, or the status is invalid.
    """
    body, is_json = _written(value)
    if not 200 <= status <= 599:
        raise UnusableAnswer(f"the handler set the status {status}, which is none of HTTP's final ones")
    content_type, others = None, {}
    for name, text in headers.items():
        if name.lower() == _CONTENT_TYPE:
            content_type = _line(text) or None
        elif name.lower() != _STREAM_NEXT:
            others[_line(name)] = _line(text)
    phrase = _line(phrase or "") or _PHRASES.get(status, "")
    return Reply(body, content_type, status, phrase, others, more, is_json)


def _written(value: object) -> tuple[bytes, bool]:
    """The bytes, and whether they are JSON."""
    if isinstance(value, bytes | bytearray):
        return bytes(value), False
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass"), False
    torch = sys.modules.get("torch")  # a handler that returns a tensor has imported it
    if torch is not None and isinstance(value, torch.Tensor):
        file = io.BytesIO()
        torch.save(value, file)
        return file.getvalue(), False
    try:
        return json.dumps(value, indent=2, default=_plain).encode(), True
    except (TypeError, ValueError, RecursionError) as error:
        raise UnusableAnswer(f"Unsupported model output data type: {_named(value)} cannot be JSON: {error}") from error


def _plain(value: Any) -> Any:  # noqa: ANN401 - an array, a tensor or a scalar of any library
    if callable(to_list := getattr(value, "tolist", None)):
        return to_list()
    raise TypeError(f"{_named(value)} is not of JSON's types")


def _named(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _line(text: object) -> str:
    """Text without line breaks, so that a handler cannot add headers of its own."""
    return " ".join(str(text).split("\r\n")).replace("\r", " ").replace("\n", " ")
