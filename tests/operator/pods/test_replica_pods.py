"""What the pods of a predictor say while a revision is on its way."""

from typing import Any

import pytest

from tests.operator.world import Object
from transformermodel_operator.pods.replica_pods import ReplicaPods, read_replica_pods

ENDED = {"reason": "Error", "exitCode": 2, "message": "there is no CUDA device\n"}


def serving_pod(name: str = "one", created: str = "2026-11-22T11:00:00Z", of: str = "new", **container: Any) -> Object:
    """A pod of a revision; keywords are the state of its container."""
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": created,
            "annotations": {"transformermodel.dev/revision": of},
        },
        "status": {
            "containerStatuses": [{"name": "agent", "restartCount": 9}, {"name": "kserve-container", **container}]
        },
    }


LOOPING = {
    "restartCount": 3,
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
    "lastState": {"terminated": ENDED},
}


def test_a_container_that_ends_again_and_again_tells_its_last_words() -> None:
    found = read_replica_pods([serving_pod(**LOOPING)], "new")
    assert found.crashes == (
        "Pod one has ended (Error, exit status 2) and was restarted 3 times. there is no CUDA device."
    )
    assert found.obstacle == found.crashes


def test_the_end_of_now_counts_before_that_of_then() -> None:
    now = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    ended = {"restartCount": 4, "state": now, "lastState": {"terminated": ENDED}}
    assert read_replica_pods([serving_pod(**ended)], "new").crashes == (
        "Pod one has ended (OOMKilled, exit status 137) and was restarted 4 times. "
        "Raise spec.predictor.resources.limits.memory."
    )


def test_what_helps_follows_the_last_words() -> None:
    ended = {"reason": "OOMKilled", "exitCode": 137, "message": "Loading sentiment\n"}
    assert read_replica_pods([serving_pod(restartCount=1, lastState={"terminated": ended})], "new").obstacle == (
        "Pod one has ended (OOMKilled, exit status 137) and was restarted once. Loading sentiment. "
        "Raise spec.predictor.resources.limits.memory."
    )


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({**LOOPING, "ready": True, "state": {"running": {}}}, id="it serves since"),
        pytest.param({"state": {"waiting": {"reason": "ContainerCreating"}}}, id="about to begin"),
        pytest.param({"state": {"waiting": {"reason": "PodInitializing"}}}, id="others in its pod come first"),
        pytest.param({"state": {"running": {}}}, id="loading"),
    ],
)
def test_no_trouble(container: Object) -> None:
    found = read_replica_pods([serving_pod(**container)], "new")
    assert (found.crashes, found.obstacle) == (None, None)


HINDERED = {"state": {"waiting": {"reason": "ErrImagePull"}}}
BEFORE, BEGAN, LATER = "2026-11-22T11:00:05Z", "2026-11-22T11:00:10Z", "2026-11-22T11:09:00Z"
RUNNING = {"running": {"startedAt": BEGAN}}


def unready_pod(since: str, name: str = "two", **container: Any) -> Object:
    pod = serving_pod(name, **{"ready": False, "state": RUNNING, **container})
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": since}]
    return pod


def ready_pod() -> Object:
    pod = serving_pod(ready=True, state=RUNNING)
    pod["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": LATER}]
    return pod


SERVING = ready_pod()
GOING = unready_pod(LATER)
GOING["metadata"]["deletionTimestamp"] = LATER


@pytest.mark.parametrize(
    ("pods", "starting"),
    [
        pytest.param([SERVING], True, id="all serve, and the Deployment has not noticed yet"),
        pytest.param([SERVING, unready_pod(BEFORE)], True, id="one loads its model"),
        pytest.param([SERVING, unready_pod(BEGAN)], True, id="one has begun within the second"),
        pytest.param([SERVING, serving_pod("two", state={"waiting": {"reason": "ContainerCreating"}})], True, id="new"),
        pytest.param([SERVING, unready_pod(LATER)], False, id="one was ready and is not any more"),
        pytest.param([unready_pod(BEFORE), unready_pod(LATER)], False, id="one loads, and one is not ready any more"),
        pytest.param([SERVING, unready_pod(BEFORE, lastState={"terminated": ENDED})], False, id="one has ended before"),
        pytest.param([SERVING, serving_pod("two", **HINDERED)], False, id="hindered"),
        pytest.param([SERVING, GOING], True, id="one is on its way out"),
        pytest.param([serving_pod(of="old")], False, id="none is there yet"),
    ],
)
def test_replicas_that_only_start_are_told_from_those_that_fail(pods: list[Object], starting: bool) -> None:
    assert read_replica_pods(pods, "new").starting is starting


def test_an_end_may_be_an_accident_and_is_told_all_the_same() -> None:
    found = read_replica_pods([serving_pod(**{**LOOPING, "restartCount": 2})], "new")
    assert found.crashes is None
    assert found.obstacle == (
        "Pod one has ended (Error, exit status 2) and was restarted 2 times. there is no CUDA device."
    )


def test_of_many_words_the_last_are_told() -> None:
    ended = {"restartCount": 3, "state": {"terminated": {**ENDED, "message": f"{'x ' * 2000}out of memory"}}}
    told = read_replica_pods([serving_pod(**ended)], "new").crashes
    assert told is not None
    assert told.endswith("x out of memory.")
    assert len(told) < 700


def test_pods_of_another_revision_are_on_their_way_out() -> None:
    assert read_replica_pods([serving_pod(of="old", **LOOPING)], "new") == ReplicaPods()


def test_what_a_pod_waits_for_is_told_of_the_newest_that_waits() -> None:
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    older = {"state": {"waiting": {"reason": "ErrImagePull"}}}
    pods = [serving_pod(**older), serving_pod("two", "2026-11-22T12:00:00Z", **waiting)]
    told = read_replica_pods(pods, "new").obstacle
    assert told is not None
    assert told.startswith("Pod two: ImagePullBackOff: no such image. Correct spec.predictor.image,")


@pytest.mark.parametrize(
    ("reason", "helps"),
    [
        ("InvalidImageName", " Correct spec.predictor.image,"),
        ("CreateContainerConfigError", " Create it in the model's namespace, or correct spec.predictor.env"),
        ("RunContainerError", ""),
    ],
)
def test_a_pod_that_waits_is_told_with_what_helps_where_that_is_known(reason: str, helps: str) -> None:
    waiting = {"state": {"waiting": {"reason": reason, "message": "not found."}}}
    told = read_replica_pods([serving_pod(**waiting)], "new").obstacle
    assert told is not None
    begin = f"Pod one: {reason}: not found."
    assert told.startswith(begin + helps)
    assert (told == begin) is (helps == "")


def test_what_the_scheduler_says_is_told() -> None:
    pending = serving_pod()
    pending["status"] = {
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no GPU"}]
    }
    told = read_replica_pods([pending], "new").obstacle
    assert told is not None
    assert told.startswith("Pod one: Unschedulable: no GPU. Lower spec.predictor.resources, correct its nodeSelector,")
