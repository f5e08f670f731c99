"""Takes models from the queue and reconciles them."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Protocol

from transformermodel_api.errors import TransformerModelError
from transformermodel_operator.client import ApiError
from transformermodel_operator.logs import about
from transformermodel_operator.objects import Key
from transformermodel_operator.queue import QueueClosed, WorkQueue

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What a reconciliation has come to, in controller-runtime's words."""

    success = "success"
    requeue_after = "requeue_after"
    error = "error"


class Watcher(Protocol):
    """Who looks on while models are worked on."""

    def reconciled(self, outcome: Outcome, seconds: float) -> None:
        """A reconciliation has ended."""
        ...

    def span(self, key: Key) -> AbstractContextManager[None]:
        """Around a reconciliation; an exception passes through it."""
        ...


class Unwatched:
    """Nobody looks on."""

    def reconciled(self, outcome: Outcome, seconds: float) -> None:
        """Nothing."""

    def span(self, key: Key) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()


UNWATCHED = Unwatched()


async def work(
    queue: WorkQueue[Key], reconcile: Callable[[Key], Awaitable[float | None]], watcher: Watcher = UNWATCHED
) -> None:
    """Take models and reconcile them until the queue is closed; the one at hand is finished.

    Args:
        queue: where the models come from.
        reconcile: works on a model; returns the seconds after which it wants to see it again, or None.
        watcher: who looks on.
    """
    while True:
        try:
            key = await queue.take()
        except QueueClosed:
            return
        began = time.monotonic()
        try:
            with about(key):
                outcome = await _attempt(queue, key, reconcile, watcher)
            watcher.reconciled(outcome, time.monotonic() - began)
        finally:
            queue.done(key)
        # Where there is nothing to do, nothing is waited for: others, such as the Lease, must come to their turn.
        await asyncio.sleep(0)


async def _attempt(
    queue: WorkQueue[Key], key: Key, reconcile: Callable[[Key], Awaitable[float | None]], watcher: Watcher
) -> Outcome:
    try:
        with watcher.span(key):
            again = await reconcile(key)
    except Exception as error:  # noqa: BLE001 - one model must not end the work on all others
        _put_off(queue, key, error)
        return Outcome.error
    except BaseException:
        queue.add(key)  # cancelled: whoever works next has to finish it
        raise
    queue.succeeded(key)
    if again is None:
        return Outcome.success
    queue.add_later(key, again)
    return Outcome.requeue_after


def _put_off(queue: WorkQueue[Key], key: Key, error: Exception) -> None:
    asked_for = error.retry_after if isinstance(error, ApiError) else 0.0
    delay = queue.failed(key, asked_for)
    level = logging.INFO if isinstance(error, ApiError) and error.is_conflict else logging.WARNING
    traceback = None if isinstance(error, TransformerModelError) else error
    _log.log(level, "%s: %s; again in %.1f s", key, error, delay, exc_info=traceback)
