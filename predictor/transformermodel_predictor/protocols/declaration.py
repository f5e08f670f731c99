"""The declaration of an input tensor, and the check of its elements against it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from transformermodel_predictor.protocols.datatypes import unpack
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.inference import Tensor
from transformermodel_predictor.protocols.sizes import require_rows

_MOST_DIMENSIONS = 32
"""More than any tensor has; the product of a million dimensions would take minutes to compute."""


@dataclass(frozen=True)
class Declaration:
    """Name, datatype and shape of an input, without its elements.

    Attributes:
        name: the tensor's name.
        datatype: V2's name of the element type.
        shape: its dimensions.
        count: number of elements, the product of the dimensions.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    count: int

    @classmethod
    def read(cls, name: str, datatype: str, shape: Sequence[object], most_rows: int | None) -> Self:
        """Check what a client declares. Every text counts as a row, whatever the shape; numbers do not.

        Args:
            name: the tensor's name.
            datatype: V2's name of the element type.
            shape: the dimensions as sent.
            most_rows: most texts allowed; None for no limit.

        Raises:
            InvalidRequest: there are too many dimensions, or one is not a whole number.
            TooManyRows: there are too many texts.
        """
        sizes = _sizes(name, shape)
        count = math.prod(sizes)
        if datatype == "BYTES":
            require_rows(count, most_rows, f"texts in input {name!r}")
        return cls(name, datatype, sizes, count)

    def of_elements(self, elements: Sequence[Any]) -> Tensor:
        """The tensor with these elements, in row-major order.

        Raises:
            InvalidRequest: their number does not match the shape.
        """
        if len(elements) != self.count:
            raise InvalidRequest(f"input {self.name!r} has {len(elements)} elements, but shape {list(self.shape)}")
        return Tensor(self.name, self.datatype, self.shape, tuple(elements))

    def of_bytes(self, raw: bytes) -> Tensor:
        """The tensor unpacked from these bytes.

        Raises:
            InvalidRequest: the bytes do not match the declaration, or the datatype has no binary form.
        """
        return Tensor(self.name, self.datatype, self.shape, unpack(self.name, self.datatype, self.count, raw))


def _sizes(name: str, shape: Sequence[object]) -> tuple[int, ...]:
    if len(shape) > _MOST_DIMENSIONS:
        raise InvalidRequest(f"shape of input {name!r} has {len(shape)} dimensions; there may be {_MOST_DIMENSIONS}")
    sizes = tuple(size for size in shape if type(size) is int and size >= 0)
    if len(sizes) != len(shape):
        raise InvalidRequest(f"shape of input {name!r} must be whole numbers from 0")
    return sizes
