"""V2's binary extension over REST: JSON first, then the bytes of the tensors that are not in it. Pure.

https://github.com/kserve/open-inference-protocol and Triton's `extension_binary_data.md` say how: the header
Inference-Header-Content-Length has the length of the JSON, each binary tensor its own in its parameters.
"""

import re

from transformermodel_predictor.protocols.errors import InvalidRequest

HEADER_LENGTH = "inference-header-content-length"
"""The header with the length of the JSON part, in bytes."""

CONTENT_TYPE = "application/octet-stream"

_LENGTH = re.compile("[0-9]{1,20}")
"""Python refuses to read thousands of digits as a number."""


def split_body(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    """The JSON part of a body, and the bytes after it; no bytes where the header is not there.

    Raises:
        InvalidRequest: the header is no length within the body.
    """
    if header_length is None:
        return body, b""
    if not _LENGTH.fullmatch(header_length) or int(header_length) > len(body):
        raise InvalidRequest(
            f"{HEADER_LENGTH} must be the number of bytes of the JSON, at most the body's {len(body)}; "
            f"it is {header_length[:20]!r}"
        )
    length = int(header_length)
    return body[:length], body[length:]


class Sections:
    """The binary tensors of a body, one after another in the order of the inputs."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def take(self, name: str, size: object) -> bytes:
        """The next tensor's bytes.

        Raises:
            InvalidRequest: the size is no number, or there are fewer bytes.
        """
        if type(size) is not int or size < 0:
            raise InvalidRequest(f"binary_data_size of input {name!r} must be a number of bytes")
        start, left = self._position, len(self._content) - self._position
        if size > left:
            raise InvalidRequest(
                f"input {name!r} should have {size} bytes after the JSON, but there are {left}; "
                f"the header {HEADER_LENGTH} says where the JSON ends"
            )
        self._position += size
        return self._content[start : self._position]

    def require_end(self) -> None:
        """Refuse bytes that belong to no tensor.

        Raises:
            InvalidRequest: there are some.
        """
        if left := len(self._content) - self._position:
            raise InvalidRequest(f"{left} bytes after the JSON belong to no input: none has them in binary_data_size")
