"""What the pods of a Job say, when they can speak and when they cannot."""

import pytest

from tests.operator.world import NOW, PREPARED, PREPARED_MESSAGE, ended, pod
from transformermodel_api.contract import Failed, write_outcome
from transformermodel_api.failures import FailureReason
from transformermodel_operator.pods.job_pods import JobPods, end_of_log, last_ended, read_job_pods
from transformermodel_operator.pods.obstacles import Obstacle
from transformermodel_operator.reasons import Reason


def outcome(*pods: dict[str, object]) -> Failed:
    found = read_job_pods(pods, NOW).outcome
    assert isinstance(found, Failed)
    return found


def test_without_pods_there_is_nothing_to_tell() -> None:
    assert read_job_pods([], NOW) == JobPods()


def test_the_termination_message_is_the_outcome() -> None:
    assert read_job_pods([pod(**ended(0, PREPARED_MESSAGE))], NOW) == JobPods(outcome=PREPARED)
    gated = Failed.because(FailureReason.Gated, "no access")
    assert outcome(pod(**ended(11, write_outcome(gated)))) == gated


def test_the_newest_pod_that_has_ended_counts() -> None:
    first = pod("2026-11-22T11:00:00Z", **ended(14, write_outcome(Failed.because(FailureReason.Unreachable, "x"))))
    second = pod("2026-11-22T11:01:00Z", **ended(0, PREPARED_MESSAGE))
    assert read_job_pods([second, first], NOW).outcome == PREPARED
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


def test_what_is_in_the_way_of_the_newest_pod_is_told() -> None:
    first = pod("2026-11-22T11:00:00Z", waiting={"reason": "ImagePullBackOff", "message": "no such image"})
    assert read_job_pods([first], NOW).obstacle == Obstacle(Reason.ImagePullFailed, "no such image")
    assert read_job_pods([first, pod("2026-11-22T11:01:00Z", running={})], NOW).obstacle is None


def test_a_pod_that_was_ended_from_outside_says_nothing_about_the_preparation() -> None:
    evicted = pod(**ended(137))
    evicted["status"] |= {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
    pods = read_job_pods([evicted], NOW)
    assert pods.outcome is None
    assert pods.disruption == Obstacle(Reason.Evicted, "Evicted: The node was low on memory.")


def test_a_pod_that_runs_has_not_been_ended_whatever_is_about_to_come() -> None:
    leaving = pod(running={"startedAt": "2026-11-22T11:00:00Z"})
    target = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    leaving["status"] |= {"phase": "Running", "conditions": [target]}
    assert read_job_pods([leaving], NOW).disruption is None


def test_the_pod_whose_log_is_whole_is_the_newest_that_has_ended() -> None:
    over, running = pod("2026-11-22T11:00:00Z", **ended(1)), pod("2026-11-22T11:01:00Z", running={})
    assert last_ended([running, over]) == over
    assert last_ended([running]) is None


def test_the_last_words_of_a_log_are_those_that_say_more_than_how_far_it_was() -> None:
    told = ['{"step": "Build", "detail": "TorchScript"}', "Traceback", '  File "x.py"', "ValueError: no"]
    counted = ['{"step":"Acquire","bytesDone":1,"percent":2}', '{"outcome": "Failed", "reason": "Internal"}', ""]
    assert end_of_log("\n".join([*counted, *told, *counted])) == "\n".join(told)
    assert len(end_of_log("x" * 5000)) == 600
    assert end_of_log("\n".join(map(str, range(20)))).splitlines() == [str(number) for number in range(12, 20)]


def test_the_last_words_of_a_log_begin_with_a_whole_line() -> None:
    first, second, third = "a" * 250, "b" * 250, "c" * 250
    assert end_of_log(f"{first}\n{second}\n{third}") == f"{second}\n{third}"
    assert end_of_log(f"{first}\n{'d' * 349}") == f"{first}\n{'d' * 349}"
