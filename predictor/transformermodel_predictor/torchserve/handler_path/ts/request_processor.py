"""A handler's access to one request's headers, and to the status and headers of its response."""

from collections.abc import Mapping
from typing import Any

from ts.headers import Headers


class RequestProcessor:
    """One row of a batch: its headers, and the status and headers of its response.

    Args:
        request_header: the request's headers, and those that the server adds (`explain`, `describe`, `url_path`).
    """

    def __init__(self, request_header: Mapping[str, Any]) -> None:
        self._request = Headers(request_header)
        self._response: dict[str, str] = {}
        self._code = 200
        self._phrase: str | None = None

    def get_request_property(self, key: str) -> Any:
        """The value of a request header; None if it is absent."""
        return self._request.get(key)

    def get_request_properties(self) -> Headers:
        """All headers of the request."""
        return self._request

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        """Answer this row with a status other than 200."""
        self._code = int(code)
        self._phrase = reason_phrase

    def get_response_status_code(self) -> int:
        """The status of this row's response."""
        return self._code

    def get_response_status_phrase(self) -> str | None:
        """The reason phrase; None if the handler gave none."""
        return self._phrase

    def add_response_property(self, key: str, value: str) -> None:
        """Set a header of this row's response."""
        self._response[key] = value

    def get_response_headers(self) -> dict[str, str]:
        """The headers that the handler has set, with their names as it spelled them."""
        return self._response

    def get_response_header(self, key: str) -> str | None:
        """A header that the handler has set, looked up in any case; None if it has not."""
        return next((value for name, value in self._response.items() if name.lower() == key.lower()), None)
