"""Conditions keep the time of their last transition, and nothing else of their past."""

from datetime import timedelta

from tests.operator.world import NOW
from transformermodel_api.status import ConditionType
from transformermodel_operator.conditions import false, find, record, true, unknown
from transformermodel_operator.reasons import Reason

READY = ConditionType.Ready
LATER = NOW + timedelta(minutes=5, microseconds=7)


def test_the_transition_time_moves_when_the_status_flips() -> None:
    first = record([false(READY, Reason.Preparing, "")], (), 1, NOW)
    second = record([true(READY, Reason.Ready, "")], first, 1, LATER)
    assert first[0].last_transition_time == NOW
    assert second[0].last_transition_time == LATER.replace(microsecond=0)


def test_it_stays_when_only_reason_message_or_generation_change() -> None:
    first = record([false(READY, Reason.Preparing, "one")], (), 1, NOW)
    second = record([false(READY, Reason.RollingOut, "two")], first, 2, LATER)
    assert second[0].last_transition_time == NOW
    assert (second[0].reason, second[0].message, second[0].observed_generation) == ("RollingOut", "two", 2)


def test_unknown_is_a_status_of_its_own() -> None:
    first = record([unknown(READY, Reason.Preparing, "")], (), 1, NOW)
    assert record([false(READY, Reason.Preparing, "")], first, 1, LATER)[0].last_transition_time > NOW


def test_conditions_that_are_not_found_any_more_are_gone() -> None:
    first = record([true(ConditionType.Stalled, Reason.Gated, ""), false(READY, Reason.Gated, "")], (), 1, NOW)
    second = record([true(READY, Reason.Ready, "")], first, 1, NOW)
    assert find(second, ConditionType.Stalled) is None


def test_a_message_is_cut_to_what_the_resource_takes() -> None:
    assert len(record([false(READY, Reason.Internal, "x" * 5000)], (), 1, NOW)[0].message) == 4096
