"""Preparations in processes of their own, which can be killed before any of the things they do to the store."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from tests.predictor.forked import FORKED
from tests.predictor.preparation.conftest import QUICK
from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.preparation.pipeline import prepare
from transformermodel_predictor.progress import Step

_CHANGES = frozenset(
    {"open", "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "shutil.rmtree"}
)
"""Audit events of what can change a store; `open` is one for writing and for reading."""


@dataclass(frozen=True)
class Work:
    """A preparation, and when its process is to die.

    Attributes:
        last: number of the change to the store before which the process is killed; it lives when None.
        endpoint: the hub.
    """

    request: str
    store: Path
    base: Path
    endpoint: str
    last: int | None = None


@dataclass(frozen=True)
class Result:
    """What came of a preparation that was not killed."""

    digest: str
    steps: tuple[Step, ...]
    changes: int


class Preparation:
    """A preparation that is going on in another process.

    Args:
        at: a step at which it waits until `go_on` is called.
    """

    def __init__(self, work: Work, at: Step | None = None) -> None:
        self._connection, other = FORKED.Pipe()
        self._process = FORKED.Process(target=_run, args=(work, other, at))
        self._process.start()
        other.close()

    def await_step(self, step: Step) -> None:
        """Wait until it has begun a step."""
        while self._connection.recv() is not step:
            pass

    def go_on(self) -> None:
        """Let it leave the step at which it waits."""
        self._connection.send(None)

    def kill(self) -> None:
        """Kill it where it is."""
        self._process.kill()
        self._process.join()

    def result(self) -> Result | None:
        """Wait for its end; None when it was killed."""
        last: object = None
        try:
            while not isinstance(last, Result):
                last = self._connection.recv()
        except EOFError:
            last = None
        self._process.join()
        assert self._process.exitcode == (0 if last else -signal.SIGKILL)
        return last


class _Reporter(Watcher):
    """Tells the parent of each step, and waits at one."""

    def __init__(self, connection: Connection, at: Step | None) -> None:
        super().__init__()
        self._connection = connection
        self._at = at

    def step(self, step: Step, detail: str) -> None:
        super().step(step, detail)
        self._connection.send(step)
        if step is self._at:
            self._connection.recv()


def _run(work: Work, connection: Connection, at: Step | None) -> None:
    torch.set_num_threads(1)
    os.environ["HF_ENDPOINT"] = work.endpoint
    reporter = _Reporter(connection, at)
    changes = _count_changes(work.store, work.last)
    request = PreparationRequest.model_validate_json(work.request)
    prepared = prepare(request, LocalStore(work.store), reporter, base=work.base, budget=QUICK)
    connection.send(Result(prepared.digest, tuple(reporter.steps), changes()))


def _count_changes(store: Path, last: int | None) -> Callable[[], int]:
    """Count the changes to a store from now on, and kill this process before the one numbered `last`."""
    count = 0
    prefix = str(store)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event not in _CHANGES or not str(arguments[0]).startswith(prefix):
            return
        if event == "open" and not _writes(arguments):
            return
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return lambda: count


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
