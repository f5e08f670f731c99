"""Events: recorded when a condition changes, never while it stays the same."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from transformermodel_api.status import Condition, ConditionStatus, ConditionType
from transformermodel_operator.conditions import find
from transformermodel_operator.reasons import EventType, Reason


@dataclass(frozen=True)
class Event:
    """Something that happened to a model."""

    type: EventType
    reason: Reason
    message: str


_NO_LOGS: Mapping[ConditionType, str] = {}
_NOTHING_ELSE: Set[ConditionType] = frozenset()
_ANNOUNCED = (ConditionType.Prepared, ConditionType.PredictorReady, ConditionType.Ready)


def announce(
    before: Sequence[Condition],
    after: Sequence[Condition],
    logs: Mapping[ConditionType, str] = _NO_LOGS,
    renewed: Set[ConditionType] = _NOTHING_ELSE,
) -> tuple[Event, ...]:
    """The events of a transition from one set of conditions to another; each reason once.

    Args:
        before: the reported conditions.
        after: the conditions to be reported.
        logs: the end of a log by condition; an event keeps it when the pod is gone.
        renewed: conditions that are now about something else. If one holds, it is announced even if nobody observed it
            not holding in between.
    """
    events: dict[Reason, Event] = {}
    for kind in _ANNOUNCED:
        condition = find(after, kind)
        if condition is None or condition.status is ConditionStatus.unknown:
            continue
        reason = Reason.named(condition.reason)
        if reason.event_type is None:
            continue
        again = kind in renewed and condition.status is ConditionStatus.true
        news = _is_news(find(before, kind), condition) and not _was_announced(before, reason)
        if reason not in events and (again or news):
            events[reason] = Event(reason.event_type, reason, _with_log(condition.message, logs.get(kind)))
    return tuple(events.values())


def _with_log(message: str, log: str | None) -> str:
    return f"{message} The log ended with:\n{log}" if log else message


def _is_news(before: Condition | None, after: Condition) -> bool:
    return before is None or (before.status, before.reason) != (after.status, after.reason)


def _was_announced(before: Sequence[Condition], reason: Reason) -> bool:
    """Ready repeats the reason of the first condition that does not hold, which is not news."""
    return any(condition.reason == reason for condition in before if condition.type in _ANNOUNCED)
