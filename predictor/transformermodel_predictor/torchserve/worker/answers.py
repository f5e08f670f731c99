"""What a handler answers, as bytes."""

import io
import json
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from transformermodel_predictor.torchserve.call import Reply

_CONTENT_TYPE = "content-type"
_STREAM_NEXT = "ts_stream_next"
"""By which TorchServe's own workers told its server that more follows."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class UnusableAnswer(Exception):
    """A handler's answers cannot be sent; the text begins with TorchServe's own words for it."""


def checked(answers: object, rows: int) -> list[Any]:
    """The answers, of which there has to be one for each row.

    Raises:
        UnusableAnswer: there is not.
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
    """An answer as it is sent.

    Args:
        value: bytes are sent as they are, text as UTF-8, a tensor as torch.save writes it, all else as JSON.
        status: the HTTP status.
        phrase: its words, where they are not the usual ones.
        headers: that the handler has set, the content type among them.
        more: whether the row wants to be in the next batch.

    Raises:
        UnusableAnswer: it cannot be written, or the status is none.
    """
    body, is_json = _written(value)
    if not 200 <= status <= 599:
        raise UnusableAnswer(f"the handler set the status {status}, which is none of HTTP's")
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
    torch = sys.modules.get("torch")  # only who has imported it can answer with a tensor
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
    """Text in one line: a header's end is no handler's to write."""
    return " ".join(str(text).split("\r\n")).replace("\r", " ").replace("\n", " ")
