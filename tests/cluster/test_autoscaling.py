"""How many replicas there are: none, as many as an autoscaler finds right, or as many as somebody says."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster.client import Client
from tests.cluster.kubernetes import Object
from tests.cluster.node import metrics_server
from tests.cluster.stage import CHANGING, Stage
from tests.cluster.test_operator import warnings
from tests.cluster.test_rollout import MODEL, patch, ready, wait

DEPLOYMENT = f"{CHANGING}-predictor"


@pytest.fixture(scope="module")
def metrics(stage: Stage) -> Iterator[None]:
    """The use of CPU of every pod is measured."""
    with metrics_server.running(stage.kubernetes.machine):
        yield


def has_replicas(number: int) -> Callable[[Object], bool]:
    def the_model_has_so_many_replicas(model: Object) -> bool:
        return ready(model) == ("True", "Ready") and bool(model["status"]["replicas"] == number)

    return the_model_has_so_many_replicas


def has_bounds(least: int, most: int) -> Callable[[Object], bool]:
    def the_autoscaler_has_these_bounds(scaler: Object) -> bool:
        return (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (least, most)

    return the_autoscaler_has_these_bounds


def scale(stage: Stage, replicas: int) -> None:
    stage.kubernetes.kubectl("scale", MODEL, f"--replicas={replicas}", f"--namespace={stage.namespace}")


def test_replicas_are_switched_off_scaled_by_the_load_and_bounded_by_hand(
    stage: Stage, changing: Object, metrics: None
) -> None:
    kubernetes, namespace = stage.kubernetes, stage.namespace
    scale(stage, 0)
    off = wait(stage, lambda model: ready(model) == ("True", "ScaledToZero"))
    assert off["status"]["replicas"] == 0

    scaled = {"minReplicas": 1, "maxReplicas": 2, "scaleTarget": 50}
    patch(stage, predictor=scaled)
    before, told = wait(stage, has_replicas(1)), warnings(stage, CHANGING)
    with Client(stage, CHANGING).asking() as client:
        busy = wait(stage, has_replicas(2))
        scale(stage, 2)  # what there is already: no other replica has to start
        kubernetes.wait("horizontalpodautoscaler", DEPLOYMENT, namespace, has_bounds(2, 2))
        budget = kubernetes.wait(
            "poddisruptionbudget", DEPLOYMENT, namespace, lambda found: found.get("status", {}).get("expectedPods") == 2
        )
    assert budget["status"]["disruptionsAllowed"] == 1

    patch(stage, predictor=scaled)
    after = wait(stage, has_replicas(1))
    assert client.failures == []
    assert before["spec"] == busy["spec"] == after["spec"]
    assert warnings(stage, CHANGING) == told  # that replicas come and go is nothing to look at

    patch(stage, predictor={"maxReplicas": None, "scaleTarget": None})
    kubernetes.wait_deleted("horizontalpodautoscaler", DEPLOYMENT, namespace)
    wait(stage, has_replicas(1))
    assert kubernetes.get("poddisruptionbudget", DEPLOYMENT, namespace) is None
