"""A worker: runs a process, and replaces it when it dies."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.call import HandlerFailed
from transformermodel_predictor.torchserve.handler_model import WorkerState
from transformermodel_predictor.torchserve.handler_observer import HandlerObserver
from transformermodel_predictor.torchserve.wire.messages import (
    UNWRITABLE,
    Abandon,
    Answered,
    Failed,
    Load,
    Loaded,
    NotLoaded,
    Pieces,
    ToServer,
)
from transformermodel_predictor.torchserve.workers.backoff import Backoff
from transformermodel_predictor.torchserve.workers.current_batch import CurrentBatch
from transformermodel_predictor.torchserve.workers.deadline import Deadline
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall
from transformermodel_predictor.torchserve.workers.process import WorkerProcess

_log = logging.getLogger(__name__)


class Worker:
    """Keeps a process running that answers batches.

    Args:
        model: the model whose handler it runs.
        number: identifies it among the model's workers.
        device: index of its accelerator; None for the CPU.
        observer: receives what the worker reports.
        freed: called when the worker becomes free, after loading and after each batch, or unavailable.

    Attributes:
        number: identifies it among the model's workers.
        batch: its current calls.
        is_ready: whether it has loaded, and is free or working.
        given_up: whether it will not be restarted any more.
        problem: why it is not ready; empty if it is.
        loaded: done when it has loaded for the first time; fails if it cannot, and then it is given up.
    """

    def __init__(
        self,
        model: ArchivedModel,
        number: int,
        device: int | None,
        observer: HandlerObserver,
        freed: Callable[["Worker"], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.number = number
        self.batch = CurrentBatch()
        self.is_ready = False
        self.given_up = False
        self.problem = "is loading"
        self.loaded: asyncio.Future[None] = loop.create_future()
        self._model = model
        self._device = device
        self._observer = observer
        self._freed = freed
        self._process: WorkerProcess | None = None
        self._load_answer: asyncio.Future[Loaded | NotLoaded] = loop.create_future()
        self._started = time.time()
        self._asked = 0.0
        self._deadline = Deadline(self._too_late)
        self._stop = asyncio.Event()
        self._running = loop.create_task(self._run(), name=f"{model.name} worker {number}")

    @property
    def state(self) -> WorkerState:
        """The worker's state, for the management API."""
        process = self._process
        pid, memory = (process.pid, process.memory) if process else (0, 0)
        return WorkerState(self.number, pid, self.is_ready, self._started, self._device, memory, self.problem)

    def ask(self, joining: Sequence[PendingCall]) -> bool:
        """Send the next step, with the current calls and those that join; return whether there was anything to send."""
        step = self.batch.step(joining)
        if step is None or self._process is None:
            return False
        self._asked = asyncio.get_running_loop().time()
        try:
            self._process.send(step)
        except UNWRITABLE as error:
            self.batch.fail(f"the call cannot be passed on to the handler: {error}", HTTPStatus.BAD_REQUEST)
            return False
        self._deadline.set(self._model.settings.response_timeout)
        return True

    def abandon_if_pointless(self) -> None:
        """Let it abandon a batch for which no client waits any more, when the handler sends the next piece."""
        if self.batch.is_pointless and self._process is not None:
            self._process.send(Abandon())

    async def stop(self) -> None:
        """Finish the current calls, end the process, and start no other."""
        self._stop.set()
        if self.batch.calls:
            await asyncio.wait([call.done for call in self.batch.calls])
        if self._process is not None:
            await self._process.end()
        await self._running
        self._deadline.close()

    async def _run(self) -> None:
        """Run processes one after another, until the worker is stopped or given up."""
        backoff = Backoff(self._model.settings.retry_timeout)
        while not self._stop.is_set():
            await self._run_process(backoff)
            if self._stop.is_set():
                return
            delay = backoff.failed(asyncio.get_running_loop().time()) if self.loaded.done() else None
            if delay is None:
                self._give_up()
                return
            _log.error(
                "%s worker %d %s; it is started anew in %g s", self._model.name, self.number, self.problem, delay
            )
            self._observer.replaced()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), delay)

    async def _run_process(self, backoff: Backoff) -> None:
        """Start a process, and return when it has ended; `problem` then says why."""
        self._started = time.time()
        self._load_answer = asyncio.get_running_loop().create_future()
        try:
            process = await WorkerProcess.start(self._model, self.number, self._received)
        except OSError as error:
            self.problem = f"cannot be started: {error}"
            return
        if self._stop.is_set():  # while it was being started
            await process.end()
            return
        self._process = process
        if await self._has_loaded(process):
            backoff.worked()
            self._begin()
            await asyncio.wait([process.ended])
            self._end(process)
        else:
            process.kill()
            await asyncio.wait([process.ended])
        self._process = None

    async def _has_loaded(self, process: WorkerProcess) -> bool:
        limit = self._model.settings.startup_timeout
        try:
            process.send(_load_message(self._model, self._device))
        except UNWRITABLE as error:
            self.problem = f"cannot be told its configuration: {error}"
            return False
        either: list[asyncio.Future[Any]] = [self._load_answer, process.ended]
        await asyncio.wait(either, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if self._load_answer.done():
            answer = self._load_answer.result()
            self.problem = answer.message if isinstance(answer, NotLoaded) else ""
            return isinstance(answer, Loaded)
        if process.ended.done():
            self.problem = f"{process.ended.result()} while it loaded"
        else:
            self.problem = f"did not load within {limit:g} seconds (startupTimeout)"
        return False

    def _begin(self) -> None:
        if not self.loaded.done():
            self.loaded.set_result(None)
        self.is_ready = True
        self._observer.changed()
        self._freed(self)

    def _end(self, process: WorkerProcess) -> None:
        """Fail the current calls of a process that has ended."""
        self.problem = self.problem or process.ended.result()
        self._fail(f"The worker of the model {self._model.name} {self.problem} while it worked on this")
        if self.is_ready:
            self._close()

    def _close(self) -> None:
        self.is_ready = False
        self._observer.changed()
        self._freed(self)

    def _give_up(self) -> None:
        """Fail `loaded`, or if it is done already, log that the worker is given up."""
        self.given_up = True
        if self.loaded.done():
            _log.error("%s worker %d %s; it is not started any more", self._model.name, self.number, self.problem)
        else:
            answer = self._load_answer.result() if self._load_answer.done() else None
            status = answer.status if isinstance(answer, NotLoaded) else HTTPStatus.INTERNAL_SERVER_ERROR
            self.loaded.set_exception(HandlerFailed(f"the model {self._model.name}: {self.problem}", status))
        self._freed(self)

    def _received(self, message: ToServer) -> None:
        if isinstance(message, Answered | Failed | Pieces) and not self.is_ready:
            return  # too late: the calls have failed already
        if isinstance(message, Answered | Failed):
            self._finish(message)
        elif isinstance(message, Pieces):
            self._deadline.set(self._model.settings.response_timeout)
            self.batch.take_pieces(message.pieces)
        elif not self._load_answer.done():
            self._load_answer.set_result(message)

    def _finish(self, message: Answered | Failed) -> None:
        """Pass the result of a batch on to its calls."""
        self._deadline.clear()
        count = len(self.batch.calls)
        if isinstance(message, Answered):
            self.batch.take_answers(message.replies)
        else:
            self.batch.fail(message.message, message.status)
        self._observer.answered(count, asyncio.get_running_loop().time() - self._asked)
        if message.measurements:
            self._observer.measured(message.measurements)
        if isinstance(message, Failed) and message.ends_worker:
            self.problem = message.message
            self._close()
        else:
            self._freed(self)

    def _too_late(self) -> None:
        limit = self._model.settings.response_timeout
        self.problem = f"did not answer within {limit:g} seconds (responseTimeout)"
        self._fail(f"The worker of the model {self._model.name} {self.problem} and is replaced")
        if self._process is not None:
            self._process.kill()
        self._close()

    def _fail(self, message: str) -> None:
        self._deadline.clear()
        if failed := self.batch.fail(message, HTTPStatus.INTERNAL_SERVER_ERROR):
            self._observer.answered(len(failed), asyncio.get_running_loop().time() - self._asked)


def _load_message(model: ArchivedModel, device: int | None) -> Load:
    manifest, settings = model.manifest, model.settings
    return Load(
        model_name=model.name,
        directory=str(model.directory),
        handler=manifest.handler,
        envelope=settings.envelope or manifest.envelope,
        manifest=dict(manifest.document),
        configuration=dict(model.configuration),
        batch_size=settings.batch_size,
        gpu_id=device,
        limit_image_pixels=settings.limit_image_pixels,
        decode_input=settings.decode_input,
        packages=None if model.packages is None else str(model.packages),
        has_requirements=manifest.requirements_file is not None,
    )
