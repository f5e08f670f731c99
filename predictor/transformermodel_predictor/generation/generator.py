"""Feeds requests into one batch, which runs off the event loop."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Self

from transformermodel_api.predictor import Batching
from transformermodel_predictor.batching.limits import Admission
from transformermodel_predictor.batching.request import failure
from transformermodel_predictor.generation.batch import Batch, Member
from transformermodel_predictor.generation.decoder import Decoder
from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.sequence import Continuation
from transformermodel_predictor.telemetry.observer import Observer, Unobserved
from transformermodel_predictor.telemetry.timeline import new_timeline

_BATCHES_AT_ONCE = 2
"""Batches' worth of sequences of one request that are submitted at a time."""


@dataclass(frozen=True)
class GenerationLimits:
    """Limits on a batch and on the sequences that wait for it.

    Attributes:
        rows: largest number of sequences in a batch.
        positions: largest number of cache positions, as rows times the longest row; a longer sequence runs alone.
        admitted: largest number of sequences being tokenized, waiting or generated.
    """

    rows: int = 32
    positions: int = 32_768
    admitted: int = 512

    @classmethod
    def of(cls, batching: Batching) -> Self:
        """The limits of spec.predictor.batching; absent ones are the defaults.

        Its delay does not apply: a sequence joins the running batch at the next step.
        """
        given = {
            "rows": batching.max_batch_size,
            "positions": batching.max_tokens,
            "admitted": batching.max_queue_size,
        }
        return cls(**{name: value for name, value in given.items() if value is not None})


class Generator:
    """Runs one batch for many clients. Used from one event loop.

    Args:
        decoder: runs the steps.
        worker: the device's thread; work of other models runs between steps.
        limits: on the batch and on waiting sequences.
        observer: notified of queueing times and steps.
    """

    def __init__(
        self,
        decoder: Decoder[Any],
        worker: Executor,
        limits: GenerationLimits | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._batch = Batch(decoder)
        self._worker = worker
        self._limits = limits or GenerationLimits()
        self._observer = observer or Unobserved()
        self._admission = Admission(self._limits.admitted, "prompts")
        self._waiting: deque[Member] = deque()
        self._working: asyncio.Task[None] | None = None

    def admit(self, sequences: int) -> AbstractContextManager[None]:
        """Admit sequences for the duration of the `with` block, before any work on them.

        Raises:
            Overloaded: there are too many already. A request is never refused while there is no other.
        """
        return self._admission.admit(sequences)

    @property
    def admitted(self) -> int:
        """Number of sequences being tokenized, waiting or generated."""
        return self._admission.admitted

    @property
    def at_once(self) -> int:
        """Number of sequences of one request to submit at a time: enough to have the next batch ready.

        More would only take time of the event loop, and delay later requests.
        """
        return _BATCHES_AT_ONCE * self._limits.rows

    async def generate(self, continuation: Continuation, arrived: float | None = None) -> AsyncGenerator[Piece, None]:
        """Stream the pieces of a text. Closing or cancelling the stream stops generating.

        Args:
            continuation: the text to generate.
            arrived: time of its request, by `time.perf_counter`; now when None.

        Raises:
            Exception: whatever the model or the sampler raised on this sequence.
        """
        loop, pieces = asyncio.get_running_loop(), asyncio.Queue[Piece | Exception]()
        arrived = time.perf_counter() if arrived is None else arrived
        member = Member(continuation, lambda piece: _put(loop, pieces, piece), arrived, new_timeline(arrived))
        self._waiting.append(member)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        try:
            while True:
                piece = await pieces.get()
                if isinstance(piece, Exception):
                    raise piece
                yield piece
                if piece.finish_reason is not None:
                    return
        finally:
            member.cancelled = True

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (joining := self._joining()) or len(self._batch):
                for member in joining:
                    self._observer.queued(time.perf_counter() - member.arrived)
                await loop.run_in_executor(self._worker, self._step, joining)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - no consumer may wait for pieces that will not come
            for member in (*self._batch.clear(), *joining, *self._waiting):
                member.emit(failure(error))
            self._waiting.clear()
        finally:
            self._working = None

    def _step(self, joining: list[Member]) -> None:
        """Run one step, in the worker's thread."""
        rows, began = len(self._batch) + len(joining), time.perf_counter()
        before = self._batch.generated
        tokens = self._batch.step(joining)
        self._observer.phase("forward", time.perf_counter() - began)
        self._observer.step(rows, tokens, 0)
        self._observer.generated(self._batch.generated - before)

    def _joining(self) -> list[Member]:
        """The waiting sequences that fit into the batch, oldest first; one that never fits waits to run alone."""
        rooms = [member.continuation.room for member in self._batch.members]
        joining: list[Member] = []
        while self._waiting:
            member = self._waiting[0]
            room = max([member.continuation.room, *rooms])
            full = len(rooms) == self._limits.rows or room * (len(rooms) + 1) > self._limits.positions
            if not member.cancelled and rooms and full:
                break
            self._waiting.popleft()
            if not member.cancelled:
                joining.append(member)
                rooms.append(member.continuation.room)
        return joining


def _put(loop: asyncio.AbstractEventLoop, pieces: "asyncio.Queue[Piece | Exception]", piece: Piece | Exception) -> None:
    """Put a piece into a queue of the event loop, from the worker's thread; dropped if the loop is closed."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(pieces.put_nowait, piece)
