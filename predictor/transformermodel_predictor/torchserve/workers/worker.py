"""A worker: a place for one process after the other, as long as they die."""

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
from transformermodel_predictor.torchserve.workers.deadline import Deadline
from transformermodel_predictor.torchserve.workers.hand import Hand
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall
from transformermodel_predictor.torchserve.workers.process import WorkerProcess

_log = logging.getLogger(__name__)


class Worker:
    """Keeps a process running that answers batches.

    Args:
        model: whose handler it runs.
        number: identifies it among the model's workers.
        device: index of its accelerator, None for the CPU.
        observer: listens.
        freed: called when it can be asked, after it has loaded and after each batch, and when it cannot any more.

    Attributes:
        number: as given.
        hand: the calls that it works on.
        is_ready: whether it can be asked, or is working.
        given_up: whether it will not be started any more.
        problem: why it is not ready; empty where it is.
        loaded: done when it has loaded for the first time; fails where it cannot, and is given up then.
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
        self.hand = Hand()
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
        """The worker as the management API shows it."""
        process = self._process
        pid, memory = (process.pid, process.memory) if process else (0, 0)
        return WorkerState(self.number, pid, self.is_ready, self._started, self._device, memory, self.problem)

    def ask(self, joining: Sequence[PendingCall]) -> bool:
        """Give it its next batch, of the calls in its hands and those that join; return whether there is one."""
        batch = self.hand.step(joining)
        if batch is None or self._process is None:
            return False
        self._asked = asyncio.get_running_loop().time()
        try:
            self._process.send(batch)
        except UNWRITABLE as error:
            self.hand.fail(f"the call cannot be passed on to the handler: {error}", HTTPStatus.BAD_REQUEST)
            return False
        self._deadline.set(self._model.settings.response_timeout)
        return True

    def drop_pointless(self) -> None:
        """Let it end a batch for which nobody waits any more, as soon as the handler sends a piece of it."""
        if self.hand.is_pointless and self._process is not None:
            self._process.send(Abandon())

    async def stop(self) -> None:
        """Finish what is in its hands, end the process and start none any more."""
        self._stop.set()
        if self.hand.calls:
            await asyncio.wait([call.done for call in self.hand.calls])
        if self._process is not None:
            await self._process.end()
        await self._running
        self._deadline.close()

    async def _run(self) -> None:
        """Start a process whenever there is none, until it is stopped or given up."""
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
        """Start a process, and return when it is over; `problem` says why then."""
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
        """The process is over that was ready."""
        self.problem = self.problem or process.ended.result()
        self._fail(f"The worker of the model {self._model.name} {self.problem} while it worked on this")
        if self.is_ready:
            self._close()

    def _close(self) -> None:
        self.is_ready = False
        self._observer.changed()
        self._freed(self)

    def _give_up(self) -> None:
        """Tell whoever waits for it to load; where nobody does any more, the log."""
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
            return  # it comes too late: the calls have failed
        if isinstance(message, Answered | Failed):
            self._finish(message)
        elif isinstance(message, Pieces):
            self._deadline.set(self._model.settings.response_timeout)
            self.hand.take_pieces(message.pieces)
        elif not self._load_answer.done():
            self._load_answer.set_result(message)

    def _finish(self, message: Answered | Failed) -> None:
        """A batch is over."""
        self._deadline.clear()
        asked = len(self.hand.calls)
        if isinstance(message, Answered):
            self.hand.take_answers(message.replies)
        else:
            self.hand.fail(message.message, message.status)
        self._observer.answered(asked, asyncio.get_running_loop().time() - self._asked)
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
        if asked := self.hand.fail(message, HTTPStatus.INTERNAL_SERVER_ERROR):
            self._observer.answered(len(asked), asyncio.get_running_loop().time() - self._asked)


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
