"""Writes events to the API server. A repeated event increases the count of the first (EventSeries)."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from transformermodel_api.identity import fingerprint
from transformermodel_operator.backoff import delay_after
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.client import ALREADY_EXISTS, ApiError
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.logs import about
from transformermodel_operator.objects import EVENT, Document, Key, Kind, Reference, uid

_RECORDED_LIMIT = 1024
_ATTEMPTS = 5
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 10.0
_NOTE_LIMIT = 1024  # bytes, although the API server calls them characters
_CONTROLLER = "transformermodel.dev/operator"

_log = logging.getLogger(__name__)


class Events(Protocol):
    """Writes Event objects: `client.Api`."""

    async def create(self, kind: Kind, document: Document) -> Document:
        """As `Api.create`."""
        ...

    async def merge(self, reference: Reference, change: Document) -> Document:
        """As `Api.merge`."""
        ...


class Recorder:
    """Writes events about models.

    Args:
        events: the API server.
        identity: name of this replica.
        now: the time, in UTC.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        events: Events,
        identity: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._events = events
        self._identity = identity
        self._now = now
        self._sleep = sleep
        self._recorded: OrderedDict[str, tuple[Reference, int]] = OrderedDict()

    async def record(self, model: Document, events: Sequence[Event]) -> None:
        """Write events about a model, and log each. One that cannot be written in several attempts is lost and logged.

        Args:
            model: the model, or at least its apiVersion, kind, namespace, name and uid.
            events: the events, in order.
        """
        with about(Key(*_names(model))):
            for event in events:
                _log.info("%s/%s: %s: %s", *_names(model), event.reason, event.message)
                try:
                    await self._record(model, event)
                except ApiError as error:
                    _log.warning("event %s about %s/%s is lost: %s", event.reason, *_names(model), error)

    async def _record(self, model: Document, event: Event) -> None:
        subject = fingerprint({"uid": uid(model), "type": event.type, "reason": event.reason, "message": event.message})
        if subject in self._recorded and await self._persist(lambda: self._count(subject)):
            return
        document = self._document(model, event, subject)
        await self._persist(lambda: self._create(document))
        self._remember(subject, Reference(EVENT, *_names(document)), 1)

    async def _persist(self, write: Callable[[], Awaitable[bool]]) -> bool:
        """Call `write`, with retries for transient failures.

        Raises:
            ApiError: the API server refuses the event, or the last attempt failed.
        """
        for failures in range(_ATTEMPTS - 1):
            try:
                return await write()
            except ApiError as error:
                if error.is_refusal:
                    raise
                await self._sleep(delay_after(failures, _FIRST_DELAY, _LONGEST_DELAY, error.retry_after))
        return await write()

    async def _create(self, document: Document) -> bool:
        """Create an event; if it exists already, an earlier attempt created it and the response was lost."""
        try:
            await self._events.create(EVENT, document)
        except ApiError as error:
            if error.reason != ALREADY_EXISTS:
                raise
        return True

    async def _count(self, subject: str) -> bool:
        """Increase the count of an event written before; False if it has expired on the API server."""
        reference, count = self._recorded[subject]
        series = {"series": {"count": count + 1, "lastObservedTime": _time(self._now())}}
        try:
            await self._events.merge(reference, series)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        self._remember(subject, reference, count + 1)
        return True

    def _remember(self, subject: str, reference: Reference, count: int) -> None:
        self._recorded[subject] = (reference, count)
        self._recorded.move_to_end(subject)
        while len(self._recorded) > _RECORDED_LIMIT:
            self._recorded.popitem(last=False)

    def _document(self, model: Document, event: Event, subject: str) -> dict[str, Any]:
        namespace, name = _names(model)
        time = _time(self._now())
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.name,
            "metadata": {"namespace": namespace, "name": f"{name}.{fingerprint({'of': subject, 'at': time})[:16]}"},
            "eventTime": time,
            "reportingController": _CONTROLLER,
            "reportingInstance": f"{FIELD_MANAGER}-{self._identity}"[:128],
            "action": "Reconcile",
            "type": event.type.value,
            "reason": event.reason,
            "note": _note(event.message),
            "regarding": {
                "apiVersion": model["apiVersion"],
                "kind": model["kind"],
                "namespace": namespace,
                "name": name,
                "uid": uid(model),
            },
        }


def _names(model: Document) -> tuple[str, str]:
    return model["metadata"]["namespace"], model["metadata"]["name"]


def _note(message: str) -> str:
    """The message, cut to the limit between two characters."""
    return message.encode("utf-8", "replace")[:_NOTE_LIMIT].decode("utf-8", "ignore")


def _time(moment: datetime) -> str:
    """Format a time as metav1.MicroTime."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
