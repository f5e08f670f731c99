"""What the pods of a Job say, when they can speak and when they cannot."""

import pytest

from tests.operator.world import PREPARED, PREPARED_MESSAGE, ended, pod
from transformermodel_api.contract import Failed, write_outcome
from transformermodel_api.failures import FailureReason
from transformermodel_operator.attempt import Attempt, read_attempt


def outcome(*pods: dict[str, object]) -> Failed:
    found = read_attempt(pods).outcome
    assert isinstance(found, Failed)
    return found


def test_without_pods_there_is_nothing_to_tell() -> None:
    assert read_attempt([]) == Attempt()


def test_the_termination_message_is_the_outcome() -> None:
    assert read_attempt([pod(**ended(0, PREPARED_MESSAGE))]) == Attempt(outcome=PREPARED)
    gated = Failed.because(FailureReason.Gated, "no access")
    assert outcome(pod(**ended(11, write_outcome(gated)))) == gated


def test_the_newest_pod_that_has_ended_counts() -> None:
    first = pod("2026-11-22T11:00:00Z", **ended(14, write_outcome(Failed.because(FailureReason.Unreachable, "x"))))
    second = pod("2026-11-22T11:01:00Z", **ended(0, PREPARED_MESSAGE))
    assert read_attempt([second, first]).outcome == PREPARED
    running = pod("2026-11-22T11:01:00Z", running={"startedAt": "2026-11-22T11:01:00Z"})
    assert outcome(running, first).reason == "Unreachable"


@pytest.mark.parametrize(
    ("exit_code", "reason", "expected"),
    [(137, "OOMKilled", "OutOfMemory"), (12, "Error", "Unauthorized"), (137, "Error", "Internal"), (0, "", "Internal")],
)
def test_a_container_that_could_not_speak_is_classified_by_its_end(exit_code: int, reason: str, expected: str) -> None:
    assert outcome(pod(**ended(exit_code, "", reason))).reason == expected


def test_what_is_no_outcome_is_quoted_in_short() -> None:
    message = outcome(pod(**ended(1, "Traceback\n  " + "x" * 4000))).message
    assert "exit status 1" in message
    assert "Traceback x" in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("waiting", "told"),
    [
        ({"reason": "ImagePullBackOff", "message": "no such image"}, "ImagePullBackOff: no such image"),
        ({"reason": "CreateContainerConfigError"}, "CreateContainerConfigError"),
        ({"reason": "ContainerCreating"}, None),
    ],
)
def test_a_container_that_does_not_start_says_why(waiting: dict[str, str], told: str | None) -> None:
    assert read_attempt([pod(waiting=waiting)]).obstacle == told


def test_a_pod_that_is_not_scheduled_says_why() -> None:
    unscheduled = pod()
    unscheduled["status"] = {
        "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "claim not found"}
        ]
    }
    assert read_attempt([unscheduled]).obstacle == "Unschedulable: claim not found"
    assert read_attempt([pod(running={})]).obstacle is None
