"""A model that runs somebody's handler, as the server knows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.call import Call, Reply
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


@dataclass(frozen=True)
class WorkerState:
    """A worker as the management API shows it.

    Attributes:
        number: identifies it among the model's workers.
        pid: its process, 0 while there is none.
        ready: whether it takes calls.
        started: when it was started, seconds since the epoch.
        device: the index of its accelerator; None for the CPU.
        memory: resident bytes, 0 where nobody knows.
        problem: why it is not ready; empty where it is.
    """

    number: int
    pid: int
    ready: bool
    started: float
    device: int | None = None
    memory: int = 0
    problem: str = ""


class Replies(Protocol):
    """What comes of one call: pieces where the handler answers so, and the answer last; closed by who wants no more."""

    def __aiter__(self) -> Self:
        """Itself."""
        ...

    async def __anext__(self) -> Reply:
        """The next one, when it is there.

        Raises:
            HandlerUnavailable: nobody took the call in time.
            HandlerFailed: the handler did not answer.
            StopAsyncIteration: the last one has been handed out, or the call has failed.
        """
        ...

    async def aclose(self) -> None:
        """End the call: its client has gone."""
        ...


class HandlerModel(Protocol):
    """A model whose answers are made by a handler in processes of its own. Used from one event loop."""

    metadata: ModelMetadata
    archived: ArchivedModel

    async def call(self, call: Call) -> Reply:
        """Ask one question; what was streamed comes together as one body.

        Raises:
            HandlerUnavailable: nobody can take it now.
            HandlerFailed: the handler did not answer.
        """
        ...

    def stream(self, call: Call) -> Replies:
        """Ask one question; pieces as they come, and the answer last.

        Raises:
            HandlerUnavailable: nobody can take it now.
        """
        ...

    @property
    def workers(self) -> Sequence[WorkerState]:
        """The workers as they are."""
        ...

    @property
    def settings(self) -> WorkerSettings:
        """How the workers are run now: as the archive says, with the numbers that `scale` was given last."""
        ...

    @property
    def waiting(self) -> int:
        """How many calls wait for a worker."""
        ...

    async def scale(self, minimum: int, maximum: int) -> None:
        """Start or stop workers; returns when as many are ready as are wanted.

        Raises:
            HandlerFailed: a worker could not be started; the text is the handler's own problem.
        """
        ...

    async def close(self) -> None:
        """Finish what is in hand and end all workers."""
        ...
