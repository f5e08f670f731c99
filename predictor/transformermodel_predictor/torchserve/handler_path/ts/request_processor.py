"""What a handler may ask of one request, and say of its answer."""

from collections.abc import Mapping
from typing import Any

from ts.headers import Headers


class RequestProcessor:
    """One row of a batch: its headers, and the status and headers of what is answered to it.

    Args:
        request_header: the request's headers, and what the server adds to them (`explain`, `describe`, `url_path`).
    """

    def __init__(self, request_header: Mapping[str, Any]) -> None:
        self._request = Headers(request_header)
        self._response: dict[str, str] = {}
        self._code = 200
        self._phrase: str | None = None

    def get_request_property(self, key: str) -> Any:
        """The value of a request's header, None where it has none."""
        return self._request.get(key)

    def get_request_properties(self) -> Headers:
        """All headers of the request."""
        return self._request

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        """Answer this row with another status than 200."""
        self._code = int(code)
        self._phrase = reason_phrase

    def get_response_status_code(self) -> int:
        """The status with which this row is answered."""
        return self._code

    def get_response_status_phrase(self) -> str | None:
        """The status in words, None where the handler gave none."""
        return self._phrase

    def add_response_property(self, key: str, value: str) -> None:
        """Set a header of this row's answer."""
        self._response[key] = value

    def get_response_headers(self) -> dict[str, str]:
        """The headers that the handler has set, by names as it spelled them."""
        return self._response

    def get_response_header(self, key: str) -> str | None:
        """A header that the handler has set, in whatever case; None where it has not."""
        return next((value for name, value in self._response.items() if name.lower() == key.lower()), None)
