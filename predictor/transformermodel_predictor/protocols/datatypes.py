"""Packs V2's element types as bytes: little-endian; BYTES elements have a four-byte length prefix. Pure."""

import struct
from collections.abc import Sequence
from typing import Any

from transformermodel_predictor.protocols.errors import InvalidRequest

_CODES = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""The datatypes and their format codes in `struct`; BYTES and BF16 have none."""

_LENGTH = struct.Struct("<I")


def pack(datatype: str, elements: Sequence[Any]) -> bytes:
    """The elements of a tensor as bytes; str is written as UTF-8.

    Raises:
        InvalidRequest: the datatype cannot be packed.
    """
    if datatype == "BYTES":
        encoded = [element.encode() if isinstance(element, str) else element for element in elements]
        return b"".join(part for element in encoded for part in (_LENGTH.pack(len(element)), element))
    return struct.pack(f"<{len(elements)}{_code(datatype)}", *elements)


def unpack(name: str, datatype: str, count: int, raw: bytes) -> tuple[Any, ...]:
    """The elements of a tensor from bytes; those of BYTES stay bytes.

    Args:
        name: what error messages call the tensor.
        datatype: V2's name of the element type.
        count: expected number of elements.
        raw: the tensor's bytes, without any others.

    Raises:
        InvalidRequest: the bytes are not those of `count` elements.
    """
    if datatype == "BYTES":
        return _unpack_bytes(name, count, raw)
    code = _code(datatype)
    size = struct.calcsize(f"<{code}")
    if len(raw) != count * size:
        raise InvalidRequest(f"input {name!r} has {len(raw)} bytes, but {count} of {datatype} need {count * size}")
    return struct.unpack(f"<{count}{code}", raw)


def _unpack_bytes(name: str, count: int, raw: bytes) -> tuple[bytes, ...]:
    elements: list[bytes] = []
    position = 0
    while position < len(raw):
        start = position + _LENGTH.size
        if start > len(raw):
            raise InvalidRequest(f"input {name!r} ends within the length of element {len(elements)}")
        position = start + _LENGTH.unpack_from(raw, position)[0]
        if len(elements) == count:
            raise InvalidRequest(f"input {name!r} has more elements than the {count} that its shape says")
        if position > len(raw):
            raise InvalidRequest(f"input {name!r} ends within element {len(elements)}")
        elements.append(raw[start:position])
    if len(elements) != count:
        raise InvalidRequest(f"input {name!r} has {len(elements)} elements, but its shape says {count}")
    return tuple(elements)


def _code(datatype: str) -> str:
    if datatype not in _CODES:
        raise InvalidRequest(f"datatype {datatype!r} is not known; there are BYTES, {', '.join(_CODES)}")
    return _CODES[datatype]
