"""The batches on which candidates are timed. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from transformermodel_predictor.tasks.task import Encoding

_SINGLES = 4


@dataclass(frozen=True)
class Workload:
    """The rows that every candidate runs in a round.

    Attributes:
        batch: the rows of one step at the batch limit.
        singles: a few texts that come alone.
    """

    batch: tuple[Encoding, ...]
    singles: tuple[Encoding, ...]


def workload(windows: Sequence[Encoding], rows: int, tokens: int) -> Workload:
    """A step at the batch limit and single texts, from the windows of the samples.

    Windows repeat until the step is full. Windows longer than the average that a full step allows are left out; if all
    are longer, the shortest are taken, as many as fit.

    Args:
        windows: at least one.
        rows: most rows of a step.
        tokens: most tokens of a step, padding included.
    """
    share = max(tokens // rows, min(len(window) for window in windows))
    short = [window for window in windows if len(window) <= share]
    fitting = max(1, min(rows, tokens // max(len(window) for window in short)))
    by_length = sorted(short, key=len)
    return Workload(
        batch=tuple(islice(cycle(short), fitting)), singles=tuple(by_length[:: math.ceil(len(short) / _SINGLES)])
    )
