"""What is in the way of a Job's pod, in the words in which Kubernetes says it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.operator.world import NOW, Object, ended, pod
from transformermodel_operator.pods.obstacles import SETUP_TIMEOUT, Obstacle, disruption_of, obstacle_in, obstacle_of
from transformermodel_operator.reasons import Reason

IMAGE = 'Back-off pulling image "predictor:1": ErrImagePull: rpc error: not found'


CONFIGURATION = "CreateContainerConfigError"


@pytest.mark.parametrize(
    ("reason", "words", "expected", "told"),
    [
        ("ErrImagePull", "rpc error: not found", Reason.ImagePullFailed, "rpc error: not found"),
        ("ImagePullBackOff", IMAGE, Reason.ImagePullFailed, "rpc error: not found"),
        ("ErrImageNeverPull", "no such image here", Reason.ImagePullFailed, "no such image here"),
        (CONFIGURATION, 'secret "token" not found', Reason.SecretMissing, 'secret "token" not found'),
        (CONFIGURATION, "runAsNonRoot", Reason.PodNotStarting, f"{CONFIGURATION}: runAsNonRoot"),
        ("RunContainerError", "no such file", Reason.PodNotStarting, "RunContainerError: no such file"),
    ],
)
def test_a_container_that_does_not_start_says_why(reason: str, words: str, expected: Reason, told: str) -> None:
    assert obstacle_of(pod(waiting={"reason": reason, "message": words}), NOW) == Obstacle(expected, told)


def unscheduled(message: str, reason: str = "Unschedulable") -> Object:
    found = pod()
    condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return {**found, "status": {"conditions": [condition]}}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('persistentvolumeclaim "models" not found', Reason.ClaimMissing),
        ('persistentvolumeclaim "models" is being deleted', Reason.Unschedulable),
        ("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", Reason.ClaimPending),
        ("0/3 nodes are available: 3 Insufficient memory.", Reason.Unschedulable),
    ],
)
def test_a_pod_that_is_not_scheduled_says_why(words: str, expected: Reason) -> None:
    found = obstacle_of(unscheduled(words), NOW)
    assert found is not None
    assert found.reason is expected
    assert words in found.message


def test_a_pod_may_take_a_while_to_be_set_up_but_not_for_ever() -> None:
    creating = pod((NOW - SETUP_TIMEOUT).isoformat(), waiting={"reason": "ContainerCreating"})
    assert obstacle_of(creating, NOW - timedelta(seconds=1)) is None
    found = obstacle_of(creating, NOW)
    assert found is not None
    assert found.reason is Reason.PodNotStarting


@pytest.mark.parametrize("state", [{"running": {}}, ended(0), {}])
def test_a_pod_that_runs_or_is_over_has_nothing_in_its_way(state: Object) -> None:
    assert obstacle_of(pod(**state), NOW) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, Reason.Evicted),
        ({"target": "TerminationByKubelet"}, Reason.Evicted),
        ({"target": "PreemptionByScheduler"}, Reason.Evicted),
        ({"target": "EvictionByEvictionAPI"}, Reason.Evicted),
        ({"target": "DeletionByTaintManager"}, Reason.NodeLost),
        ({"target": "DeletionByPodGC"}, Reason.NodeLost),
        ({"reason": "NodeLost"}, Reason.NodeLost),
        ({"phase": "Failed", "reason": "DeadlineExceeded"}, None),
        ({}, None),
    ],
)
def test_what_ends_a_pod_from_outside_is_told_apart(status: dict[str, Any], expected: Reason | None) -> None:
    target = status.pop("target", None)
    conditions = [{"type": "DisruptionTarget", "status": "True", "reason": target, "message": "x"}] if target else []
    found = disruption_of({"metadata": {}, "status": {**status, "conditions": conditions}})
    assert (found.reason if found is not None else None) is expected


def test_a_disruption_that_has_not_come_is_none_and_one_that_has_is_told_in_the_words_there_are() -> None:
    target = {"type": "DisruptionTarget", "reason": "EvictionByEvictionAPI", "message": "the node is drained"}
    averted = {"metadata": {}, "status": {"conditions": [{**target, "status": "False"}]}}
    assert disruption_of(averted) is None
    found = disruption_of({"metadata": {}, "status": {"conditions": [{**target, "status": "True"}]}})
    assert found == Obstacle(Reason.Evicted, "EvictionByEvictionAPI: the node is drained")


def warning(reason: str, note: str, minute: int = 0) -> Object:
    return {"reason": reason, "note": note, "eventTime": f"2026-11-22T12:{minute:02}:00.000000Z"}


def again(event: Object, minute: int) -> Object:
    """An event that has come again, as the API server counts it."""
    return {**event, "series": {"count": 2, "lastObservedTime": f"2026-11-22T12:{minute:02}:00.000000Z"}}


def of_core_api(reason: str, note: str, minute: int) -> Object:
    """An event that was written in the core API's form, as controllers still do."""
    return {
        "reason": reason,
        "note": note,
        "eventTime": None,
        "deprecatedLastTimestamp": f"2026-11-22T12:{minute:02}:00Z",
    }


QUOTA = 'pods "x" is forbidden: exceeded quota: compute, requested: limits.memory=4Gi, used: 0, limited: 1Gi'


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], None),
        ([warning("FailedCreate", f"Error creating: {QUOTA}")], Reason.QuotaExceeded),
        ([warning("FailedCreate", 'violates PodSecurity "restricted:latest"')], Reason.PodRefused),
        ([warning("FailedMount", "references non-existent secret")], Reason.PodNotStarting),
        ([warning("FailedCreate", "pods is forbidden: failed quota: compute: must specify cpu")], Reason.QuotaExceeded),
        ([warning("FailedCreate", "forbidden: status unknown for quota: compute")], Reason.QuotaExceeded),
        ([warning("FailedCreate", QUOTA, 1), warning("FailedCreate", "PodSecurity", 2)], Reason.PodRefused),
        (
            [again(warning("FailedCreate", QUOTA, 1), 3), warning("FailedCreate", "PodSecurity", 2)],
            Reason.QuotaExceeded,
        ),
        ([of_core_api("FailedCreate", "PodSecurity", 2), of_core_api("FailedCreate", QUOTA, 3)], Reason.QuotaExceeded),
    ],
)
def test_what_is_in_no_status_is_in_the_newest_warning(events: list[Object], expected: Reason | None) -> None:
    found = obstacle_in(events)
    assert (found.reason if found is not None else None) is expected


def test_an_obstacle_is_told_with_what_helps() -> None:
    told = str(Obstacle(Reason.ClaimPending, "it is not bound."))
    assert told == f"it is not bound. {Reason.ClaimPending.meaning}"
