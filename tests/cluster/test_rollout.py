"""A change reaches the replicas, or is taken back, while somebody asks all the time."""

import json
from collections.abc import Callable

from tests.cluster.client import Client
from tests.cluster.kubernetes import Object
from tests.cluster.stage import CHANGING, Stage

MODEL = f"transformermodel/{CHANGING}"
PREDICTORS = f"serving.kserve.io/inferenceservice={CHANGING}"


def patch(stage: Stage, **spec: Object) -> None:
    """Change fields of the model's spec; None removes one."""
    change = json.dumps({"spec": spec})
    stage.kubernetes.kubectl("patch", MODEL, f"--namespace={stage.namespace}", "--type=merge", f"--patch={change}")


def wait(stage: Stage, until: Callable[[Object], bool]) -> Object:
    """Wait until something holds of what the operator says of the spec as it is now."""

    def observed(model: Object) -> bool:
        status = model.get("status", {})
        return status.get("observedGeneration") == model["metadata"]["generation"] and until(model)

    return stage.kubernetes.wait("transformermodel", CHANGING, stage.namespace, observed)


def ready(model: Object) -> tuple[str, str]:
    found = next(found for found in model["status"]["conditions"] if found["type"] == "Ready")
    return found["status"], found["reason"]


def serves(revision: Callable[[str], bool]) -> Callable[[Object], bool]:
    def the_revision_serves(model: Object) -> bool:
        status = model["status"]
        return (
            ready(model)[0] == "True"
            and revision(status["currentRevision"])
            and status["currentRevision"] == status["updateRevision"]
        )

    return the_revision_serves


def predictors(stage: Stage) -> set[str]:
    """The model's pods, those that are being ended included."""
    found = stage.kubernetes.objects("pods", stage.namespace, PREDICTORS)
    return {pod["metadata"]["uid"] for pod in found}


def wait_for_one_pod(stage: Stage) -> None:
    stage.kubernetes.wait_for_all("pods", stage.namespace, PREDICTORS, lambda pods: len(pods) == 1)


def test_a_change_and_its_rollback_by_hand_reach_the_replicas_without_a_failed_request(
    stage: Stage, changing: Object
) -> None:
    before = stage.ready(CHANGING)["status"]["currentRevision"]
    with Client(stage, CHANGING).asking() as client:
        patch(stage, predictor={"batching": {"maxTokens": 512}, "labels": {"team": "a"}})
        after = wait(stage, serves(lambda revision: revision != before))["status"]["currentRevision"]
        records = stage.kubernetes.objects(
            "controllerrevisions", stage.namespace, f"transformermodel.dev/model={CHANGING}"
        )
        assert {before, after} <= {record["metadata"]["name"] for record in records}
        wait_for_one_pod(stage)

        patch(stage, rollout={"pinnedRevision": before})
        wait(stage, serves(lambda revision: revision == before))
        wait_for_one_pod(stage)
    patch(stage, predictor={"batching": None, "labels": None}, rollout={"pinnedRevision": None})
    wait(stage, serves(lambda revision: revision == before))
    assert client.failures == []
    assert client.answered > 10


def test_a_change_that_does_not_serve_is_taken_back_and_not_tried_again(stage: Stage, changing: Object) -> None:
    before, pods = stage.ready(CHANGING)["status"]["currentRevision"], predictors(stage)
    with Client(stage, CHANGING).asking() as client:
        # Python does not even start with it.
        env = [{"name": "PYTHONHOME", "value": "/nowhere"}]
        patch(stage, predictor={"env": env}, rollout={"progressDeadlineSeconds": 10})
        model = wait(stage, lambda model: ready(model) == ("False", "RolledBack"))
        assert "Python" in model["status"]["conditions"][0]["message"]
        assert model["status"]["currentRevision"] == before != model["status"]["updateRevision"]
        wait_for_one_pod(stage)

        patch(stage, predictor={"env": None}, rollout=None)
        wait(stage, serves(lambda revision: revision == before))
    assert predictors(stage) == pods
    assert client.failures == []
    told = stage.kubernetes.objects("events.events.k8s.io", stage.namespace)
    assert [event["type"] for event in told if event["reason"] == "RolledBack"] == ["Warning"]
