"""Which events a change of conditions is told by."""

from collections.abc import Set

import pytest

from tests.operator.world import NOW
from transformermodel_api.status import Condition, ConditionStatus, ConditionType
from transformermodel_operator.decide.announcements import announce
from transformermodel_operator.reasons import EventType

READY, PREDICTOR, PREPARED = ConditionType.Ready, ConditionType.PredictorReady, ConditionType.Prepared


def found(kind: ConditionType, status: str, reason: str) -> Condition:
    return Condition(
        type=kind, status=ConditionStatus(status), reason=reason, message=f"{reason}.", last_transition_time=NOW
    )


def told(*after: Condition, before: tuple[Condition, ...] = (), renewed: Set[ConditionType] = frozenset()) -> list[str]:
    return [event.reason.value for event in announce(before, after, renewed=renewed)]


def test_a_reason_that_two_conditions_share_is_told_once() -> None:
    assert told(found(PREDICTOR, "False", "CrashLooping"), found(READY, "False", "CrashLooping")) == ["CrashLooping"]


def test_what_ready_repeats_later_is_no_news() -> None:
    """As when a preparation ends while the predictor of an earlier spec has long been in trouble."""
    trouble = found(PREDICTOR, "False", "CrashLooping")
    before = (found(READY, "False", "Preparing"), trouble)
    assert told(found(READY, "False", "CrashLooping"), trouble, before=before) == []


def test_what_speaks_of_something_else_now_is_told_again_only_where_it_holds() -> None:
    for status, reason, again in (("True", "Ready", ["Ready"]), ("False", "RollingOut", [])):
        same = found(READY, status, reason)
        assert told(same, before=(same,), renewed={READY}) == again
        assert told(same, before=(same,)) == []


@pytest.mark.parametrize(
    ("condition", "event_type"),
    [
        (found(READY, "True", "Ready"), EventType.Normal),
        (found(READY, "True", "Suspended"), EventType.Normal),
        (found(READY, "False", "Suspended"), EventType.Normal),
        (found(PREDICTOR, "False", "RollingOut"), EventType.Normal),
        (found(PREPARED, "False", "Gated"), EventType.Warning),
    ],
)
def test_a_reason_says_whether_somebody_should_look(condition: Condition, event_type: EventType) -> None:
    (event,) = announce((), (condition,))
    assert event.type is event_type


@pytest.mark.parametrize(
    "condition",
    [found(PREPARED, "Unknown", "InvalidSpec"), found(PREDICTOR, "True", "Serving")],
    ids=["nobody can tell", "another condition tells it better"],
)
def test_what_is_not_worth_an_event(condition: Condition) -> None:
    assert told(condition) == []
