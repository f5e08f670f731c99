"""What a client says of an input, and whether its elements are what it says. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from transformermodel_predictor.protocols.datatypes import unpack
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.inference import Tensor
from transformermodel_predictor.protocols.sizes import require_rows

_MOST_DIMENSIONS = 32
"""More than any tensor has; the product of a million of them is a number that takes minutes to compute."""


@dataclass(frozen=True)
class Declaration:
    """An input without its elements.

    Attributes:
        name: the tensor's name.
        datatype: V2's name of the element type.
        shape: its dimensions.
        count: how many elements it must have.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    count: int

    @classmethod
    def read(cls, name: str, datatype: str, shape: Sequence[object], most_rows: int | None) -> Self:
        """Take what a client says. Each text is a row, whatever the shape; numbers are read as a whole.

        Args:
            name: the tensor's name.
            datatype: V2's name of the element type.
            shape: what should be its dimensions.
            most_rows: how many texts there may be; any number when None.

        Raises:
            InvalidRequest: the dimensions are too many, or no dimensions.
            TooManyRows: there are more texts.
        """
        sizes = _sizes(name, shape)
        count = math.prod(sizes)
        if datatype == "BYTES":
            require_rows(count, most_rows, f"texts in input {name!r}")
        return cls(name, datatype, sizes, count)

    def of_elements(self, elements: Sequence[Any]) -> Tensor:
        """The tensor of these elements, in row-major order.

        Raises:
            InvalidRequest: their number is not the shape's.
        """
        if len(elements) != self.count:
            raise InvalidRequest(f"input {self.name!r} has {len(elements)} elements, but shape {list(self.shape)}")
        return Tensor(self.name, self.datatype, self.shape, tuple(elements))

    def of_bytes(self, raw: bytes) -> Tensor:
        """The tensor whose elements these bytes are.

        Raises:
            InvalidRequest: they are not, or the datatype is written as no bytes.
        """
        return Tensor(self.name, self.datatype, self.shape, unpack(self.name, self.datatype, self.count, raw))


def _sizes(name: str, shape: Sequence[object]) -> tuple[int, ...]:
    if len(shape) > _MOST_DIMENSIONS:
        raise InvalidRequest(f"shape of input {name!r} has {len(shape)} dimensions; there may be {_MOST_DIMENSIONS}")
    sizes = tuple(size for size in shape if type(size) is int and size >= 0)
    if len(sizes) != len(shape):
        raise InvalidRequest(f"shape of input {name!r} must be whole numbers from 0")
    return sizes
