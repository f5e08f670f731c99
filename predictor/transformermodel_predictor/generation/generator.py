"""Brings requests and one batch together, off the event loop."""

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
"""Of one request, brought to a generator at a time."""


@dataclass(frozen=True)
class GenerationLimits:
    """Bounds of what is generated together, and of what may wait.

    Attributes:
        rows: most sequences that are generated together.
        positions: most positions of the cache, as rows times the longest of them; a sequence with more goes alone.
        admitted: most sequences in the house: being tokenized, waiting or generated.
    """

    rows: int = 32
    positions: int = 32_768
    admitted: int = 512

    @classmethod
    def of(cls, batching: Batching) -> Self:
        """What spec.predictor.batching says, and the defaults where it says nothing.

        Its delay has no meaning here: a sequence joins those that are being generated at their next step.
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
        decoder: what runs the steps.
        worker: the one thread in which models of a device run; others may share it, and have their turn between steps.
        limits: bounds of a batch, and of what may wait.
        observer: who is told what happens.
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
        """Count sequences in, before any work is spent on them, and out again.

        Raises:
            Overloaded: there are too many already. A request alone in the house is never refused.
        """
        return self._admission.admit(sequences)

    @property
    def admitted(self) -> int:
        """Sequences in the house: being tokenized, waiting or generated."""
        return self._admission.admitted

    @property
    def at_once(self) -> int:
        """How many sequences of one request are worth bringing at a time: when a whole batch ends, the next is there.

        Each of them costs the event loop some time when it begins, and stands before those of later requests.
        """
        return _BATCHES_AT_ONCE * self._limits.rows

    async def generate(self, continuation: Continuation, came: float | None = None) -> AsyncGenerator[Piece, None]:
        """The pieces of a text as they come. Closing the generator, or cancelling it, ends the generating.

        Args:
            continuation: the text.
            came: since when it waits, on the clock `time.perf_counter`; since now when None.

        Raises:
            Exception: whatever the model or the sampler raised on this sequence.
        """
        loop, told = asyncio.get_running_loop(), asyncio.Queue[Piece | Exception]()
        came = time.perf_counter() if came is None else came
        member = Member(continuation, lambda piece: _tell(loop, told, piece), came, new_timeline(came))
        self._waiting.append(member)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        try:
            while True:
                piece = await told.get()
                if isinstance(piece, Exception):
                    raise piece
                yield piece
                if piece.finish_reason is not None:
                    return
        finally:
            member.gone = True

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (joining := self._joining()) or len(self._batch):
                for member in joining:
                    self._observer.queued(time.perf_counter() - member.came)
                await loop.run_in_executor(self._worker, self._step, joining)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - nobody may wait for pieces that will not come
            for member in (*self._batch.clear(), *joining, *self._waiting):
                member.tell(failure(error))
            self._waiting.clear()
        finally:
            self._working = None

    def _step(self, joining: list[Member]) -> None:
        """In the worker's thread."""
        rows, began = len(self._batch) + len(joining), time.perf_counter()
        before = self._batch.generated
        tokens = self._batch.step(joining)
        self._observer.phase("forward", time.perf_counter() - began)
        self._observer.step(rows, tokens, 0)
        self._observer.generated(self._batch.generated - before)

    def _joining(self) -> list[Member]:
        """Who waits and fits, oldest first. A sequence that is too large for company waits until it can go alone."""
        rooms = [member.continuation.room for member in self._batch.members]
        joining: list[Member] = []
        while self._waiting:
            member = self._waiting[0]
            room = max([member.continuation.room, *rooms])
            full = len(rooms) == self._limits.rows or room * (len(rooms) + 1) > self._limits.positions
            if not member.gone and rooms and full:
                break
            self._waiting.popleft()
            if not member.gone:
                joining.append(member)
                rooms.append(member.continuation.room)
        return joining


def _tell(loop: asyncio.AbstractEventLoop, told: "asyncio.Queue[Piece | Exception]", piece: Piece | Exception) -> None:
    """From the worker's thread; nobody is told anything after the loop has gone."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(told.put_nowait, piece)
