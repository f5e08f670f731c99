"""A worker: takes models from the work queue and reconciles them one after the other."""

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
    """The result of a reconciliation, with controller-runtime's names (the label `result`)."""

    success = "success"
    requeue_after = "requeue_after"
    error = "error"


class Instrumentation(Protocol):
    """Receives metrics and traces of reconciliations."""

    def reconciled(self, outcome: Outcome, seconds: float) -> None:
        """Record the outcome and the duration of a reconciliation."""
        ...

    def span(self, key: Key) -> AbstractContextManager[None]:
        """A context around a reconciliation; it sees its exception and does not suppress it."""
        ...


class NoOpInstrumentation:
    """Records nothing."""

    def reconciled(self, outcome: Outcome, seconds: float) -> None:
        """Do nothing."""

    def span(self, key: Key) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()


NO_OP_INSTRUMENTATION = NoOpInstrumentation()


async def work(
    queue: WorkQueue[Key],
    reconcile: Callable[[Key], Awaitable[float | None]],
    instrumentation: Instrumentation = NO_OP_INSTRUMENTATION,
) -> None:
    """Take models and reconcile them until the queue is closed; a reconciliation in progress is finished first.

    An error is logged and the model is retried with a growing delay. If the task is cancelled during a
    reconciliation, the model is queued again.

    Args:
        queue: the work queue.
        reconcile: reconciles a model; returns the seconds after which to requeue it, or None.
        instrumentation: receives metrics and traces.
    """
    while True:
        try:
            key = await queue.take()
        except QueueClosed:
            return
        began = time.monotonic()
        try:
            with about(key):
                outcome = await _attempt(queue, key, reconcile, instrumentation)
            instrumentation.reconciled(outcome, time.monotonic() - began)
        finally:
            queue.done(key)
        # A reconciliation without I/O never yields to the event loop; others, such as the Lease's renewal, must run.
        await asyncio.sleep(0)


async def _attempt(
    queue: WorkQueue[Key],
    key: Key,
    reconcile: Callable[[Key], Awaitable[float | None]],
    instrumentation: Instrumentation,
) -> Outcome:
    try:
        with instrumentation.span(key):
            again = await reconcile(key)
    except Exception as error:  # noqa: BLE001 - an error of one model must not stop the work on others
        _put_off(queue, key, error)
        return Outcome.error
    except BaseException:
        queue.add(key)  # cancelled: the next leader's worker has to finish it
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
