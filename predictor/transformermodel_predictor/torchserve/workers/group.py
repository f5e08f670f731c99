"""The group of a model's workers, which dispatches its calls to them."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace

from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.call import Call, HandlerFailed, HandlerUnavailable, Reply
from transformermodel_predictor.torchserve.handler_metadata import handler_metadata
from transformermodel_predictor.torchserve.handler_model import Replies, WorkerState
from transformermodel_predictor.torchserve.handler_observer import HandlerObserver
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.deadline import Deadline
from transformermodel_predictor.torchserve.workers.devices import DeviceTurns
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall
from transformermodel_predictor.torchserve.workers.replies import PendingReplies
from transformermodel_predictor.torchserve.workers.sequence import with_sequence_id
from transformermodel_predictor.torchserve.workers.waiting_calls import Waiting, WaitingCalls
from transformermodel_predictor.torchserve.workers.waiting_sequences import WaitingSequences
from transformermodel_predictor.torchserve.workers.worker import Worker


class WorkerGroup:
    """The workers of one archive. Implements `HandlerModel`.

    Args:
        archived: the archive.
        observer: receives what the workers report.
        accelerators: number of accelerators that the workers may use.
    """

    def __init__(self, archived: ArchivedModel, observer: HandlerObserver, accelerators: int) -> None:
        self.archived = archived
        self.metadata = handler_metadata(archived)
        self._settings = archived.settings
        self._observer = observer
        self._numbers = itertools.count()
        self._call_numbers = itertools.count(1)
        self._devices = DeviceTurns(archived.name, archived.settings, accelerators)
        queue = WaitingSequences if archived.settings.sequence_batching else WaitingCalls
        self._waiting: Waiting = queue(archived.name, archived.settings)
        self._workers: dict[int, Worker] = {}
        self._idle: dict[int, Worker] = {}
        self._next_change = Deadline(self._dispatch)
        self._scaling = asyncio.Lock()
        self._closed = False

    async def call(self, call: Call) -> Reply:
        """Call the handler; the pieces of a streamed answer are joined into one body."""
        pending = self._admit(call)
        try:
            return await pending.whole()
        finally:
            self._leave(pending)

    def stream(self, call: Call) -> Replies:
        """Call the handler; the pieces of a streamed answer are returned as they arrive."""
        return PendingReplies(self._admit(call), self._leave)

    @property
    def workers(self) -> Sequence[WorkerState]:
        """The current states of the workers."""
        return [worker.state for worker in self._workers.values()]

    @property
    def settings(self) -> WorkerSettings:
        """The current settings of the workers."""
        return self._settings

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a worker."""
        return len(self._waiting)

    async def scale(self, minimum: int, maximum: int) -> None:
        """Start or stop workers; return when the minimum number is ready."""
        async with self._scaling:
            for number in [number for number, worker in self._workers.items() if worker.given_up]:
                del self._workers[number]
            await self._start(minimum - len(self._workers))
            await self._stop(self._least_useful(len(self._workers) - maximum))
            self._settings = replace(self._settings, min_workers=minimum, max_workers=maximum)

    async def close(self) -> None:
        """Finish waiting and running calls, and end all workers."""
        self._closed = True
        while waiting := [call.done for call in self._waiting]:
            await asyncio.wait(waiting)
        async with self._scaling:
            await self._stop(list(self._workers.values()))
        self._next_change.close()

    async def _start(self, count: int) -> None:
        """Start workers; if one cannot load, stop all of them again.

        Raises:
            HandlerFailed: a worker cannot load.
        """
        started = [self._new_worker() for _ in range(count)]
        results = await asyncio.gather(*(worker.loaded for worker in started), return_exceptions=True)
        problems = [result for result in results if isinstance(result, HandlerFailed)]
        if problems:
            await self._stop(started)
            raise problems[0]

    def _new_worker(self) -> Worker:
        number = next(self._numbers)
        worker = Worker(self.archived, number, self._devices.next(), self._observer, self._freed)
        self._workers[number] = worker
        return worker

    def _least_useful(self, count: int) -> list[Worker]:
        """The workers to stop first: those that are not ready, then the newest."""
        by_usefulness = sorted(self._workers.values(), key=lambda worker: (worker.is_ready, -worker.number))
        return by_usefulness[: max(count, 0)]

    async def _stop(self, stopping: Sequence[Worker]) -> None:
        """Stop workers once they have finished their current calls."""
        for worker in stopping:
            del self._workers[worker.number]
            self._idle.pop(worker.number, None)
            self._waiting.release(worker.number)
        self._refuse_without_workers()
        self._dispatch()
        await asyncio.gather(*(worker.stop() for worker in stopping))

    def _admit(self, call: Call) -> PendingCall:
        """Queue a call, or give it to a worker at once.

        Raises:
            HandlerUnavailable: no worker will take it.
        """
        name = self.archived.name
        if self._closed:
            raise HandlerUnavailable(f"the model {name} is being stopped")
        if not self._can_work:
            raise self._without_workers()
        if self._settings.job_ticket and len(self._idle) <= len(self._waiting):
            raise HandlerUnavailable(f"no worker of the model {name} is free (useJobTicket)")
        if self._settings.sequence_batching:
            call = with_sequence_id(call)
        pending = PendingCall(call, next(self._call_numbers), asyncio.get_running_loop().time())
        self._waiting.add(pending)
        self._dispatch()
        return pending

    def _leave(self, pending: PendingCall) -> None:
        """Clean up after a call for which no client waits any more, answered or not."""
        pending.abandon()
        if pending.done.cancelled():
            self._waiting.discard(pending)
            for worker in self._workers.values():
                worker.abandon_if_pointless()

    def _freed(self, worker: Worker) -> None:
        """A worker has become free, or unavailable."""
        if not worker.is_ready:
            self._idle.pop(worker.number, None)
            if worker.given_up:
                self._waiting.release(worker.number)
                self._refuse_without_workers()
        elif worker.number in self._workers:
            self._idle[worker.number] = worker
        else:  # it is being stopped, and finishes its current calls
            worker.ask(())
        self._dispatch()

    def _dispatch(self) -> None:
        """Give waiting calls to free workers."""
        now = asyncio.get_running_loop().time()
        for worker in list(self._idle.values()):
            if not len(self._waiting) and not worker.batch.calls:
                continue
            room = self._settings.batch_size - len(worker.batch.calls)
            joining = self._waiting.take(worker.number, room, worker.batch.kind, now)
            for call in joining:
                self._observer.queued(now - call.arrived)
            if (joining or worker.batch.calls) and worker.ask(joining):
                del self._idle[worker.number]
        if len(self._waiting) and (change := self._waiting.next_change(now, free=bool(self._idle))):
            self._next_change.set(change - now)

    def _refuse_without_workers(self) -> None:
        """Refuse all waiting calls if there is no worker, and none will start."""
        if not self._can_work:
            for call in self._waiting:
                self._waiting.discard(call)
                call.fail(self._without_workers())

    @property
    def _can_work(self) -> bool:
        """Whether there is a worker, or one is starting."""
        return any(not worker.given_up for worker in self._workers.values())

    def _without_workers(self) -> HandlerUnavailable:
        problems = [worker.problem for worker in self._workers.values()]
        reason = f": the last one {problems[-1]}" if problems else ""
        return HandlerUnavailable(f"the model {self.archived.name} has no worker{reason}")
