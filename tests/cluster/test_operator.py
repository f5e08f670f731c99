"""The operator on a real cluster, as the chart deploys it: two replicas, of which one writes."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tests.cluster.installation import RELEASE, SYSTEM_NAMESPACE
from tests.cluster.kubernetes import Object
from tests.cluster.node.audit import Write
from tests.cluster.stage import Stage

LEASE = "transformermodel-operator"
RENEWALS = 2


@contextmanager
def applied(stage: Stage, document: Object) -> Iterator[None]:
    """Objects that are deleted afterwards."""
    stage.kubernetes.apply(document)
    try:
        yield
    finally:
        name = f"{document['kind']}/{document['metadata']['name']}"
        stage.kubernetes.kubectl("delete", name, f"--namespace={stage.namespace}", "--ignore-not-found")


def patch(stage: Stage, target: str, change: Object) -> None:
    stage.kubernetes.kubectl(
        "patch", target, f"--namespace={stage.namespace}", "--type=merge", f"--patch={json.dumps(change)}"
    )


def ready_condition(model: Object) -> tuple[str, str]:
    found = next(found for found in model["status"]["conditions"] if found["type"] == "Ready")
    return found["status"], found["reason"]


def has_reason(reason: str) -> Callable[[Object], bool]:
    def the_condition_ready_has_the_reason(model: Object) -> bool:
        generation = model.get("status", {}).get("observedGeneration")
        return generation == model["metadata"]["generation"] and ready_condition(model)[1] == reason

    return the_condition_ready_has_the_reason


def storage_uri(service: Object) -> str:
    return str(service["spec"]["predictor"]["model"]["storageUri"])


def delete_inference_service(stage: Stage) -> None:
    """Delete the model's InferenceService and wait until another one serves, with children of its own.

    kubectl must not wait for the end of the old one itself: it looks by name only, and would wait for ever for the end
    of the new one where the operator was quicker than its first look.
    """
    kubernetes, namespace = stage.kubernetes, stage.namespace
    before = kubernetes.get("inferenceservice", "sentiment", namespace)
    assert before is not None
    kubernetes.kubectl("delete", "inferenceservice", "sentiment", f"--namespace={namespace}", "--wait=false")
    after = kubernetes.wait("inferenceservice", "sentiment", namespace, lambda service: uid(service) != uid(before))

    def is_its_own(child: Object) -> bool:
        return uid(after) in {owner["uid"] for owner in child["metadata"].get("ownerReferences", [])}

    kubernetes.wait("service", "sentiment-predictor", namespace, is_its_own)
    kubernetes.wait(
        "deployment",
        "sentiment-predictor",
        namespace,
        lambda deployment: is_its_own(deployment) and bool(deployment["status"].get("availableReplicas")),
    )


def uid(found: Object) -> str:
    return str(found["metadata"]["uid"])


def wait_for_renewals(stage: Stage, count: int = RENEWALS) -> None:
    """Wait until the Lease has been renewed: by then whoever had something to do has done it."""
    seen: set[str] = set()

    def renewed(lease: Object) -> bool:
        seen.add(lease["spec"]["renewTime"])
        return len(seen) > count

    stage.kubernetes.wait("lease", LEASE, SYSTEM_NAMESPACE, renewed)


def holder(stage: Stage) -> str:
    lease = stage.kubernetes.wait("lease", LEASE, SYSTEM_NAMESPACE, lambda lease: bool(lease["spec"]["holderIdentity"]))
    return str(lease["spec"]["holderIdentity"])


def test_a_changed_child_is_set_right(stage: Stage, sentiment: Object) -> None:
    wanted = sentiment["status"]["artifact"]["uri"]
    patch(stage, "inferenceservice/sentiment", {"spec": {"predictor": {"model": {"storageUri": "pvc://models/else"}}}})
    stage.kubernetes.wait(
        "inferenceservice", "sentiment", stage.namespace, lambda service: storage_uri(service) == wanted
    )
    stage.ready()


def test_a_deleted_child_is_made_again(stage: Stage, sentiment: Object) -> None:
    delete_inference_service(stage)
    stage.ready()
    assert stage.ask()["outputs"][0]["data"] == ["POSITIVE"]


def test_a_finished_job_is_not_needed_any_more(stage: Stage, sentiment: Object) -> None:
    job = sentiment["status"]["preparation"]["job"]
    stage.kubernetes.kubectl("delete", "job", job, f"--namespace={stage.namespace}", "--ignore-not-found")
    wait_for_renewals(stage)
    assert stage.kubernetes.objects("jobs", stage.namespace) == []
    stage.ready()


def test_kubectl_scale_changes_the_replicas_without_new_pods_for_the_old(stage: Stage, sentiment: Object) -> None:
    selector = stage.ready()["status"]["selector"]
    before = {pod["metadata"]["uid"] for pod in stage.kubernetes.objects("pods", stage.namespace, selector)}
    told = warnings(stage)
    for replicas in (2, 1):
        scale = ("scale", "transformermodel/sentiment", f"--replicas={replicas}", f"--namespace={stage.namespace}")
        stage.kubernetes.kubectl(*scale)
        model = stage.ready()
        assert model["status"]["replicas"] == replicas
        if replicas == 2:
            pods = {pod["metadata"]["uid"] for pod in stage.kubernetes.objects("pods", stage.namespace, selector)}
            assert before < pods
    assert warnings(stage) == told, "a replica that starts is nothing to warn of"


@contextmanager
def suspension(stage: Stage) -> Iterator[Object]:
    """The model is suspended, and resumed afterwards."""
    patch(stage, "transformermodel/sentiment", {"spec": {"suspend": True}})
    try:
        yield stage.kubernetes.wait("transformermodel", "sentiment", stage.namespace, has_reason("Suspended"))
    finally:
        patch(stage, "transformermodel/sentiment", {"spec": {"suspend": False}})


def test_a_suspended_model_is_not_repaired_until_it_is_resumed(stage: Stage, sentiment: Object) -> None:
    wanted = sentiment["status"]["artifact"]["uri"]
    stage.ready()
    with suspension(stage) as suspended:
        assert ready_condition(suspended) == ("True", "Suspended")
        patch(stage, "inferenceservice/sentiment", {"spec": {"predictor": {"minReplicas": 2}}})
        stage.kubernetes.wait(
            "transformermodel", "sentiment", stage.namespace, lambda model: ready_condition(model)[0] == "False"
        )
        wait_for_renewals(stage)
        service = stage.kubernetes.get("inferenceservice", "sentiment", stage.namespace)
        assert service is not None
        assert service["spec"]["predictor"]["minReplicas"] == 2
    repaired = stage.kubernetes.wait(
        "inferenceservice",
        "sentiment",
        stage.namespace,
        lambda service: bool(service["spec"]["predictor"]["minReplicas"] == 1),
    )
    assert storage_uri(repaired) == wanted
    stage.ready()


def test_a_foreign_object_of_the_name_is_left_alone(stage: Stage, sentiment: Object) -> None:
    predictor = {"model": {"modelFormat": {"name": "other"}, "storageUri": "pvc://models/theirs", "runtime": "theirs"}}
    foreign = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "taken", "namespace": stage.namespace},
        "spec": {"predictor": predictor},
    }
    with applied(stage, foreign), applied(stage, stage.manifest("taken")):
        model = stage.kubernetes.wait("transformermodel", "taken", stage.namespace, has_reason("NameTaken"))
        assert f"InferenceService {stage.namespace}/taken" in model["status"]["conditions"][0]["message"]
        conditions = {found["type"]: found["reason"] for found in model["status"]["conditions"]}
        assert conditions["Prepared"] == "NameTaken"  # before a Job has begun
        service = stage.kubernetes.get("inferenceservice", "taken", stage.namespace)
        assert service is not None
        assert storage_uri(service) == "pvc://models/theirs"
        assert "ownerReferences" not in service["metadata"]


def test_a_model_that_is_not_on_the_hub_says_so(stage: Stage) -> None:
    manifest = stage.manifest("missing")
    manifest["spec"]["source"] = {"uri": "hf://acme/no-such-model"}
    with applied(stage, manifest):
        model = stage.kubernetes.wait("transformermodel", "missing", stage.namespace, has_reason("NotFound"))
        conditions = {found["type"]: (found["status"], found["reason"]) for found in model["status"]["conditions"]}
        assert conditions["SourceResolved"] == ("False", "NotFound")
        assert conditions["Prepared"] == ("False", "NotFound")
        assert conditions["Stalled"] == ("True", "NotFound")
        assert "acme/no-such-model" in model["status"]["conditions"][0]["message"]
        told = [event["reason"] for event in events_about(stage, "missing")]
        assert sorted(told) == ["NotFound", "Preparing"]


def warnings(stage: Stage, name: str = "sentiment") -> int:
    """How often somebody was told to look at a model."""
    told = [event for event in events_about(stage, name) if event["type"] == "Warning"]
    return sum((event.get("series") or {}).get("count", 1) for event in told)


def events_about(stage: Stage, name: str) -> list[Object]:
    found = stage.kubernetes.objects("events.events.k8s.io", stage.namespace)
    return [
        event
        for event in found
        if (event["regarding"]["kind"], event["regarding"]["name"]) == ("TransformerModel", name)
    ]


def test_in_the_steady_state_only_the_lease_is_written(stage: Stage, sentiment: Object) -> None:
    stage.ready()
    with ExitStack() as stack:
        for number in range(9):
            stack.enter_context(applied(stage, suspended(stage, f"suspended-{number}")))
        wait_for_renewals(stage)  # whatever this and the tests before have set off
        writes, requests = written(stage), asked(stage)
        assert writes, "the audit log should know the writes that made the model"
        wait_for_renewals(stage)
        assert asked(stage) == requests
        assert written(stage) == writes


def suspended(stage: Stage, name: str) -> Object:
    manifest = stage.manifest(name)
    manifest["spec"]["suspend"] = True
    return manifest


def written(stage: Stage) -> list[Write]:
    """What the operator has asked to be changed, but for its Lease."""
    user = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{RELEASE}"
    return [write for write in stage.kubernetes.writes(user) if write.resource != "leases"]


def asked(stage: Stage) -> Counter[tuple[str, str]]:
    """How often the API server has been asked for what only the operator asks for; the tests' own reads are lists."""
    metrics = stage.kubernetes.kubectl("get", "--raw", "/metrics").stdout
    counted: Counter[tuple[str, str]] = Counter()
    for line in metrics.splitlines():
        if line.startswith("apiserver_request_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            if labels["resource"] in ("transformermodels", "jobs") and labels["verb"] not in ("WATCH", "LIST"):
                counted[labels["resource"], labels["verb"]] += int(float(line.rsplit(" ", 1)[1]))
    return counted


def test_another_replica_takes_over_when_the_leader_ends(stage: Stage, sentiment: Object) -> None:
    leader = holder(stage)
    assert leader in operators(stage)
    assert len(operators(stage)) == 2
    stage.kubernetes.kubectl("delete", "pod", leader, f"--namespace={SYSTEM_NAMESPACE}", "--wait=false")
    stage.kubernetes.wait(
        "lease", LEASE, SYSTEM_NAMESPACE, lambda lease: lease["spec"]["holderIdentity"] not in ("", leader)
    )
    delete_inference_service(stage)
    stage.ready()


def operators(stage: Stage) -> set[str]:
    pods = stage.kubernetes.objects("pods", SYSTEM_NAMESPACE, "app.kubernetes.io/component=operator")
    return {pod["metadata"]["name"] for pod in pods}
