"""The progress of preparations, read from the logs of their pods in a task of its own, so that no worker waits."""

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
from transformermodel_operator.objects import POD, Document, Key, Kind, Reference, newest_first

READ_EVERY = 5.0
"""Seconds between two reads of the logs."""

REPORT_EVERY, REPORT_PERCENT = 15.0, 5
"""Changed progress is reported after so many seconds, or earlier if it has advanced by so many percent."""

_READERS = 4
_LINES = 20

_log = logging.getLogger(__name__)


class Logs(Protocol):
    """Reads pods and their logs: `client.Api`."""

    async def list(self, kind: Kind, namespace: str | None, selector: str | None) -> tuple[list[Document], int]:
        """As `Api.list`."""
        ...

    async def log(self, pod: Reference, container: str, lines: int) -> str:
        """As `Api.log`."""
        ...


@dataclass
class _Followed:
    """A running Job whose log is read.

    Attributes:
        job: the Job.
        pod: its newest pod; None if it has to be looked up.
        read: the progress last read.
        reported: the progress last reported.
        reported_at: when that was, in seconds of the reader's clock.
    """

    job: Reference
    pod: Reference | None = None
    read: PreparationProgress | None = None
    reported: PreparationProgress | None = None
    reported_at: float = 0.0


class ProgressReader:
    """Reads the progress of running Jobs.

    Args:
        logs: the API server.
        changed: called with a model if there is new progress of its Job to report.
        clock: seconds of a monotonic clock.
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
        """Read this Job's log from now on, in place of another Job's of the model.

        Args:
            model: the model.
            job: its running Job; None to stop reading.

        Returns:
            The Job's progress to report; None while unknown.
        """
        if job is None:
            self._followed.pop(model, None)
            return None
        followed = self._followed.get(model)
        if followed is None or followed.job != job:
            followed = self._followed[model] = _Followed(job)
        return followed.reported

    async def run(self) -> None:
        """Read all logs every `READ_EVERY` seconds until cancelled, a few at a time."""
        while True:
            readers = asyncio.Semaphore(_READERS)
            await asyncio.gather(*(self._read(readers, *entry) for entry in list(self._followed.items())))
            await self._sleep(READ_EVERY)

    async def _read(self, readers: asyncio.Semaphore, model: Key, followed: _Followed) -> None:
        async with readers:
            try:
                progress = await self._progress(followed)
            except ApiError as error:  # the node may be slow, or the pod gone: the next read may succeed
                _log.debug("the log of %s cannot be read: %s", followed.job, error)
                followed.pod = None
                return
            except Exception:  # noqa: BLE001 - one log must not stop the reading of all others
                _log.exception("the log of %s cannot be read", followed.job)
                return
        if progress == followed.read:
            followed.pod = None  # the Job may have replaced the pod, whose log then stays as it is
        followed.read = progress
        now = self._clock()
        if progress is not None and is_worth_reporting(followed.reported, progress, now - followed.reported_at):
            followed.reported, followed.reported_at = progress, now
            self._changed(model)

    async def _progress(self, followed: _Followed) -> PreparationProgress | None:
        if followed.pod is None:
            job = followed.job
            pods, _ = await self._logs.list(POD, job.namespace, f"{JOB_LABEL}={job.name}")
            if not pods:
                return None
            followed.pod = Reference(POD, job.namespace, newest_first(pods)[0]["metadata"]["name"])
        return read_progress(await self._logs.log(followed.pod, CONTAINER, _LINES))


def is_worth_reporting(reported: PreparationProgress | None, now: PreparationProgress, seconds: float) -> bool:
    """Whether progress differs enough from what was last reported.

    Args:
        reported: the progress last reported; None if none was.
        now: the current progress.
        seconds: time since the last report.
    """
    if reported is None:
        return True
    return reported != now and (seconds >= REPORT_EVERY or now.percent >= reported.percent + REPORT_PERCENT)
