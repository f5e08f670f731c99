"""How far preparations are: read from the logs of their pods, beside the workers and never in their way."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from transformermodel_api.contract import PreparationProgress, read_progress
from transformermodel_operator.children.job import CONTAINER
from transformermodel_operator.children.work_job import JOB_LABEL
from transformermodel_operator.client import ApiError
from transformermodel_operator.objects import POD, Document, Key, Kind, Reference
from transformermodel_operator.pods.attempt import newest_first

READ_EVERY = 5.0
"""Seconds between two looks at a log."""

TELL_EVERY, TELL_PERCENT = 15.0, 5
"""Progress is told when so many seconds have passed, or when it is so many percent further."""

_READERS = 4
_LINES = 20

_log = logging.getLogger(__name__)


class Logs(Protocol):
    """Where pods and their logs are: `client.Api`."""

    async def list(self, kind: Kind, namespace: str | None, selector: str | None) -> tuple[list[Document], int]:
        """As `Api.list`."""
        ...

    async def log(self, pod: Reference, container: str, lines: int) -> str:
        """As `Api.log`."""
        ...


@dataclass
class _Followed:
    """A Job whose log is read."""

    job: Reference
    pod: Reference | None = None
    read: PreparationProgress | None = None
    told: PreparationProgress | None = None
    told_at: float = 0.0


class ProgressBoard:
    """What is known of the progress of Jobs at work.

    Args:
        logs: the API server.
        changed: called with a model when there is something new to tell of its Job.
        clock: seconds of a clock that never goes back.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        logs: Logs,
        changed: Callable[[Key], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._logs = logs
        self._changed = changed
        self._clock = clock
        self._sleep = sleep
        self._followed: dict[Key, _Followed] = {}

    def follow(self, model: Key, job: Reference | None) -> PreparationProgress | None:
        """Follow this Job of a model from now on, and no other; what is worth telling of it so far.

        With None the model has no Job at work.
        """
        if job is None:
            self._followed.pop(model, None)
            return None
        followed = self._followed.get(model)
        if followed is None or followed.job != job:
            followed = self._followed[model] = _Followed(job)
        return followed.told

    async def run(self) -> None:
        """Read logs until cancelled, a few at once."""
        while True:
            readers = asyncio.Semaphore(_READERS)
            await asyncio.gather(*(self._read(readers, *entry) for entry in list(self._followed.items())))
            await self._sleep(READ_EVERY)

    async def _read(self, readers: asyncio.Semaphore, model: Key, followed: _Followed) -> None:
        async with readers:
            try:
                progress = await self._progress(followed)
            except ApiError as error:  # the node may be slow, or the pod gone: the next look may go better
                _log.debug("the log of %s cannot be read: %s", followed.job, error)
                followed.pod = None
                return
            except Exception:  # noqa: BLE001 - one log must not end the reading of all others
                _log.exception("the log of %s cannot be read", followed.job)
                return
        if progress == followed.read:
            followed.pod = None  # the Job may have replaced the pod, whose log then stays as it is
        followed.read = progress
        now = self._clock()
        if progress is not None and worth_telling(followed.told, progress, now - followed.told_at):
            followed.told, followed.told_at = progress, now
            self._changed(model)

    async def _progress(self, followed: _Followed) -> PreparationProgress | None:
        if followed.pod is None:
            job = followed.job
            pods, _ = await self._logs.list(POD, job.namespace, f"{JOB_LABEL}={job.name}")
            if not pods:
                return None
            followed.pod = Reference(POD, job.namespace, newest_first(pods)[0]["metadata"]["name"])
        return read_progress(await self._logs.log(followed.pod, CONTAINER, _LINES))


def worth_telling(told: PreparationProgress | None, now: PreparationProgress, seconds: float) -> bool:
    """Whether progress differs enough from what was told so many seconds ago."""
    if told is None:
        return True
    return told != now and (seconds >= TELL_EVERY or now.percent >= told.percent + TELL_PERCENT)
