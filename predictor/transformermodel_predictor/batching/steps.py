"""Groups a known set of rows into steps, as a scheduler would. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transformermodel_predictor.batching.limits import BatchLimits
from transformermodel_predictor.batching.waiting import ByLength, InOrder, Waiting
from transformermodel_predictor.tasks.task import Encoding


@dataclass(eq=False)
class _Numbered:
    number: int
    encoding: Encoding
    taken: bool = False

    @property
    def waits(self) -> bool:
        return not self.taken


def steps_of(rows: Sequence[Encoding], limits: BatchLimits, *, padding_free: bool) -> Iterator[list[int]]:
    """Yield the indices of the rows in each step, for an engine that pads or one that does not."""
    waiting: Waiting[_Numbered] = InOrder() if padding_free else ByLength()
    for number, encoding in enumerate(rows):
        waiting.push(_Numbered(number, encoding))
    while step := waiting.next_step(limits):
        yield [row.number for row in step]
