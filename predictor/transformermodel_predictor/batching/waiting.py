"""The rows that wait, and which of them form the next step. The cost depends on the size of the step, not the queue.

Rows of cancelled requests stay in the queue until they are reached, and are dropped then.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from typing import Protocol, TypeVar

from transformermodel_predictor.batching.limits import BatchLimits
from transformermodel_predictor.tasks.task import Encoding


class Waiter(Protocol):
    """A row that waits for an engine."""

    encoding: Encoding
    taken: bool

    @property
    def waits(self) -> bool:
        """Whether it still has to run."""
        ...


Row = TypeVar("Row", bound=Waiter)


class Waiting(Protocol[Row]):
    """Rows that wait for an engine."""

    tokens: int
    """Tokens of all waiting rows; rows of cancelled requests may still be counted."""

    @property
    def empty(self) -> bool:
        """Whether no row waits, not even one without tokens; rows of cancelled requests may still be counted."""
        ...

    def push(self, row: Row) -> None:
        """Add a row."""
        ...

    def next_step(self, limits: BatchLimits) -> list[Row]:
        """Remove and return the rows of the next step, the oldest row among them; empty if none waits."""
        ...


class InOrder(Waiting[Row]):
    """For engines without padding: a step costs its tokens, however they are spread over rows, so the oldest go."""

    def __init__(self) -> None:
        self.tokens = 0
        self._rows: deque[Row] = deque()

    @property
    def empty(self) -> bool:
        """Whether no row waits."""
        return not self._rows

    def push(self, row: Row) -> None:
        """Add a row."""
        self._rows.append(row)
        self.tokens += len(row.encoding)

    def next_step(self, limits: BatchLimits) -> list[Row]:
        """The oldest rows, as many as fit."""
        step: list[Row] = []
        room, tokens = limits.rows_of_step(padding_free=True), 0
        while self._rows and len(step) < room:
            row = self._rows[0]
            if row.waits:
                if step and tokens + len(row.encoding) > limits.tokens:
                    break
                tokens += len(row.encoding)
                row.taken = True
                step.append(row)
            self._rows.popleft()
            self.tokens -= len(row.encoding)
        return step


class ByLength(Waiting[Row]):
    """For engines that pad: the oldest row goes, so that none starves, with the rows closest to it in length."""

    def __init__(self) -> None:
        self.tokens = 0
        self._arrivals: deque[Row] = deque()
        self._lengths: list[int] = []
        self._rows: dict[int, deque[Row]] = {}

    @property
    def empty(self) -> bool:
        """Whether no row waits."""
        return not self._rows

    def push(self, row: Row) -> None:
        """Add a row."""
        length = len(row.encoding)
        if length not in self._rows:
            self._rows[length] = deque()
            insort(self._lengths, length)
        self._rows[length].append(row)
        self._arrivals.append(row)
        self.tokens += length

    def next_step(self, limits: BatchLimits) -> list[Row]:
        """The oldest row and those closest to it in length, as many as fit with their padding."""
        while self._arrivals and not self._arrivals[0].waits:
            self._arrivals.popleft()
        if not self._arrivals:
            self._rows.clear()
            self._lengths.clear()
            self.tokens = 0
            return []
        longest = len(self._arrivals[0].encoding)
        room = limits.rows_of_step(padding_free=False)
        step: list[Row] = []
        for length in self._nearest(longest):
            fit = min(room, max(1, limits.tokens // max(longest, length, 1)))
            if len(step) >= fit:
                if length <= longest:
                    break
                continue  # too long for a step of so many; shorter ones may follow
            longest = max(longest, length)
            self._take(length, fit - len(step), step)
        return step

    def _nearest(self, length: int) -> Iterator[int]:
        """The lengths of waiting rows, closest to `length` first; of two equally close ones the shorter first."""
        above = bisect_left(self._lengths, length)
        lengths, below = list(self._lengths), above - 1
        while below >= 0 or above < len(lengths):
            if above == len(lengths) or (below >= 0 and length - lengths[below] <= lengths[above] - length):
                yield lengths[below]
                below -= 1
            else:
                yield lengths[above]
                above += 1

    def _take(self, length: int, wanted: int, step: list[Row]) -> None:
        """Move rows of one length into a step, the oldest first."""
        rows = self._rows[length]
        while rows and wanted > 0:
            row = rows.popleft()
            self.tokens -= length
            if row.waits:
                row.taken = True
                step.append(row)
                wanted -= 1
        if not rows:
            del self._rows[length]
            self._lengths.remove(length)
