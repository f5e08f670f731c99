"""Extracts the error response of an object storage service from each client's exceptions."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

_FORBIDDEN = "Forbidden: "
"""Prefix of gcsfs's messages for a 403."""


@dataclass(frozen=True)
class Refusal:
    """An error response.

    Attributes:
        status: HTTP status.
        codes: the service's error codes, such as QuotaExceeded.
        text: the service's message. It may contain signed URLs, and is never shown.
    """

    status: int
    codes: frozenset[str] = frozenset()
    text: str = ""


def refusal_of(error: BaseException | None) -> Refusal | None:
    """The error response behind an exception or its causes; None if the service has not answered."""
    for each in causes(error):
        status = _status(each)
        if status is not None:
            return Refusal(status, frozenset(_codes(each)), _text(each))
    return None


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its chain of causes."""
    while error is not None:
        yield error
        error = error.__cause__


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # botocore
        return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
    for name in ("status_code", "code", "status"):  # azure, gcsfs, aiohttp
        value = getattr(error, name, None)
        if isinstance(value, int | str) and str(value).isdecimal():
            return int(value)
    if isinstance(error, OSError) and str(error).startswith(_FORBIDDEN):  # gcsfs, of a 403
        return HTTPStatus.FORBIDDEN
    return None


def _text(error: BaseException) -> str:
    text = str(error)
    return text.partition("\n")[2] if text.startswith(_FORBIDDEN) else text  # its first line is the object's name


def _codes(error: Any) -> Iterator[str]:  # noqa: ANN401 - the clients' errors have no common type
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # botocore
        yield str(response.get("Error", {}).get("Code", ""))
    if (code := getattr(error, "error_code", None)) is not None:  # azure: a text, or an enumeration of texts
        yield str(getattr(code, "value", code))
    document = getattr(error, "_error_response", None)
    if isinstance(document, dict):  # gcsfs
        yield from (str(each.get("reason", "")) for each in document.get("errors") or () if isinstance(each, dict))
