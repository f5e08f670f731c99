"""The interface of a model that is served by a handler."""

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
        pid: its process id; 0 while there is none.
        ready: whether it takes calls.
        started: start time, in seconds since the epoch.
        device: index of its accelerator; None for the CPU.
        memory: resident memory in bytes; 0 if unknown.
        problem: why it is not ready; empty if it is.
    """

    number: int
    pid: int
    ready: bool
    started: float
    device: int | None = None
    memory: int = 0
    problem: str = ""


class Replies(Protocol):
    """The replies to one call: the pieces of a streamed answer, the last of which ends it, or a single answer."""

    def __aiter__(self) -> Self:
        """Return self."""
        ...

    async def __anext__(self) -> Reply:
        """Wait for the next reply.

        Raises:
            HandlerUnavailable: no worker took the call in time.
            HandlerFailed: the handler did not answer.
            StopAsyncIteration: the last reply has been returned, or the call has failed.
        """
        ...

    async def aclose(self) -> None:
        """Cancel the call, unless it is answered."""
        ...


class HandlerModel(Protocol):
    """A model whose handler runs in worker processes. Used from one event loop."""

    metadata: ModelMetadata
    archived: ArchivedModel

    async def call(self, call: Call) -> Reply:
        """Call the handler; the pieces of a streamed answer are joined into one body.

        Raises:
            HandlerUnavailable: no worker can take the call now.
            HandlerFailed: the handler did not answer.
        """
        ...

    def stream(self, call: Call) -> Replies:
        """Call the handler; the pieces of a streamed answer are returned as they arrive.

        Raises:
            HandlerUnavailable: no worker can take the call now.
        """
        ...

    @property
    def workers(self) -> Sequence[WorkerState]:
        """The current states of the workers."""
        ...

    @property
    def settings(self) -> WorkerSettings:
        """The current settings: the archive's, with the numbers of workers of the last `scale`."""
        ...

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a worker."""
        ...

    async def scale(self, minimum: int, maximum: int) -> None:
        """Start or stop workers; return when the minimum number is ready.

        Raises:
            HandlerFailed: a worker could not be started; the message is the handler's own problem.
        """
        ...

    async def close(self) -> None:
        """Finish waiting and running calls, and end all workers."""
        ...
