"""Keeps the values of calls that take several steps: they are sent once, and passed to the handler in every step."""

from collections.abc import Iterable, Sequence

from transformermodel_predictor.torchserve.call import Reply
from transformermodel_predictor.torchserve.wire.messages import Row, RowPart


class KeptParts:
    """The values by the numbers of their calls."""

    def __init__(self) -> None:
        self._parts: dict[int, Sequence[RowPart]] = {}

    def parts_of(self, row: Row) -> Sequence[RowPart]:
        """The values of a row, sent with it or kept from an earlier step."""
        return self._parts[row.number] if row.parts is None else row.parts

    def keep(self, answered: Iterable[tuple[Row, Sequence[RowPart], Reply]]) -> None:
        """Keep the values of rows that need another step, and drop those of rows that have ended."""
        for row, parts, reply in answered:
            if not reply.more:
                self._parts.pop(row.number, None)
            elif row.parts is not None:
                self._parts[row.number] = [
                    RowPart(part.name, memoryview(bytes(part.value)), part.content_type) for part in parts
                ]

    def drop(self, numbers: Iterable[int]) -> None:
        """Drop the values of calls that are over."""
        for number in numbers:
            self._parts.pop(number, None)
