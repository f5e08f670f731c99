"""V2's binary extension over REST: a JSON part, followed by the bytes of the binary tensors. Pure.

Sources: https://github.com/kserve/open-inference-protocol and Triton's `extension_binary_data.md`. The header
Inference-Header-Content-Length gives the length of the JSON, each binary tensor its own length in its parameters.
"""

import re

from transformermodel_predictor.protocols.errors import InvalidRequest

HEADER_LENGTH = "inference-header-content-length"
"""The header with the length of the JSON part, in bytes."""

CONTENT_TYPE = "application/octet-stream"

_LENGTH = re.compile("[0-9]{1,20}")
"""A plausible length: int() refuses thousands of digits."""


def split_body(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    """The JSON part of a body, and the bytes after it; without the header, all of it is JSON.

    Raises:
        InvalidRequest: the header is not a length within the body.
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
        """The bytes of the next tensor.

        Raises:
            InvalidRequest: the size is not a number of bytes, or fewer are left.
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
        """Refuse trailing bytes.

        Raises:
            InvalidRequest: bytes are left that belong to no tensor.
        """
        if left := len(self._content) - self._position:
            raise InvalidRequest(f"{left} bytes after the JSON belong to no input: check each input's binary_data_size")
