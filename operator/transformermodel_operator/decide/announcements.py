"""Events: told when a condition changes, never while it stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from transformermodel_api.status import Condition, ConditionStatus, ConditionType
from transformermodel_operator.conditions import find
from transformermodel_operator.decide.predictor import NOTHING_TO_SERVE
from transformermodel_operator.decide.preparation_verdict import PREPARING
from transformermodel_operator.decide.rollout import ROLLING_OUT, SERVING
from transformermodel_operator.decide.summary import SUSPENDED


class EventType(StrEnum):
    """Whether somebody should look."""

    Normal = "Normal"
    Warning = "Warning"


@dataclass(frozen=True)
class Event:
    """Something that happened to a model; `reason` is a CamelCase word and part of the interface."""

    type: EventType
    reason: str
    message: str


_TELLING = (ConditionType.Prepared, ConditionType.PredictorReady, ConditionType.Ready)
_EXPECTED = frozenset({PREPARING, ROLLING_OUT, SUSPENDED})
_UNTOLD = frozenset({NOTHING_TO_SERVE, SERVING})  # Prepared and Ready say it better


def announce(before: Sequence[Condition], after: Sequence[Condition]) -> tuple[Event, ...]:
    """The events of going from one set of conditions to another; each reason once."""
    events: dict[str, Event] = {}
    for kind in _TELLING:
        condition = find(after, kind)
        if condition is None or not _is_news(find(before, kind), condition) or _is_untold(condition):
            continue
        if condition.reason not in events and not _was_told(before, condition.reason):
            events[condition.reason] = Event(_type(condition), condition.reason, condition.message)
    return tuple(events.values())


def _is_news(before: Condition | None, after: Condition) -> bool:
    return before is None or (before.status, before.reason) != (after.status, after.reason)


def _is_untold(condition: Condition) -> bool:
    return condition.status is ConditionStatus.unknown or condition.reason in _UNTOLD


def _was_told(before: Sequence[Condition], reason: str) -> bool:
    """Ready repeats the reason of the first condition that does not hold: that is no news."""
    return any(condition.reason == reason for condition in before if condition.type in _TELLING)


def _type(condition: Condition) -> EventType:
    expected = condition.status is ConditionStatus.true or condition.reason in _EXPECTED
    return EventType.Normal if expected else EventType.Warning
