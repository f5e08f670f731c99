"""What a preparation says of itself on a real cluster, what is told of one that cannot begin, and what it leaves."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.cluster.kubernetes import Object
from tests.cluster.restricted import restricted_namespace
from tests.cluster.stage import AS_IT_IS, Stage
from tests.cluster.test_node import placed
from tests.cluster.test_operator import applied, events_about
from tests.predictor.tiny import save_tiny_checkpoint

ARTIFACTS, REFERENCES = "artifacts", "refs"
MOVING = "acme/moving"


def manifest(stage: Stage, name: str, storage: str, **spec: object) -> Object:
    """The example under another name, stored elsewhere, and served by nothing that would take memory."""
    document = stage.manifest(name)
    document["spec"] |= {"storage": {"uri": storage}, **spec}
    return document


def prepared_with(reason: str) -> Callable[[Object], bool]:
    def the_condition_prepared_has_the_reason(model: Object) -> bool:
        found = model.get("status", {}).get("conditions") or ()
        return any(condition["type"] == "Prepared" and condition["reason"] == reason for condition in found)

    return the_condition_prepared_has_the_reason


def is_at_work(model: Object) -> bool:
    """Whether status tells how far the preparation is."""
    preparation = model.get("status", {}).get("preparation") or {}
    return "step" in preparation and 0 <= preparation["percent"] < 100


def files_below(folder: Path, part: str) -> list[Path]:
    return [path for path in (folder / part).rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_progress_is_told_and_a_deleted_model_takes_its_artifacts_along(stage: Stage) -> None:
    kubernetes, namespace = stage.kubernetes, stage.namespace
    store = kubernetes.machine.run.volumes / f"{namespace}-models" / "leaving"
    nobody = {"minReplicas": 0}
    document = manifest(stage, "leaving", "pvc://models/leaving", deletionPolicy="Delete", predictor=nobody)
    document["spec"]["preparation"] |= AS_IT_IS
    kubernetes.apply(document)
    at_work = kubernetes.wait("transformermodel", "leaving", namespace, is_at_work)
    assert at_work["metadata"]["finalizers"] == ["transformermodel.dev/artifacts"]
    assert at_work["metadata"]["generation"] == 1  # nothing else of a model is written
    prepared = kubernetes.wait("transformermodel", "leaving", namespace, "Prepared")
    assert prepared["status"]["preparation"]["percent"] == 100
    assert files_below(store, ARTIFACTS)
    assert files_below(store, REFERENCES)
    kubernetes.kubectl("delete", "transformermodel", "leaving", f"--namespace={namespace}", "--wait=false")
    kubernetes.wait_deleted("transformermodel", "leaving", namespace)
    assert files_below(store, ARTIFACTS) == []
    assert files_below(store, REFERENCES) == []


def test_what_is_in_the_way_of_a_preparation_is_told_with_what_helps(stage: Stage) -> None:
    nowhere = manifest(stage, "nowhere", "pvc://no-such-claim")
    imageless = manifest(stage, "imageless", "pvc://models/imageless", predictor={"image": "localhost/no-such:image"})
    with (
        restricted_namespace(stage.kubernetes, "crowded") as crowded,
        applied(stage, nowhere),
        applied(stage, imageless),
    ):
        stage.kubernetes.apply([no_more_pods(crowded), placed(manifest(stage, "refused", "s3://bucket"), crowded)])
        waiting = stage.kubernetes.wait("transformermodel", "nowhere", stage.namespace, prepared_with("ClaimMissing"))
        stuck = stage.kubernetes.wait(
            "transformermodel", "imageless", stage.namespace, prepared_with("ImagePullFailed")
        )
        refused = stage.kubernetes.wait("transformermodel", "refused", crowded, prepared_with("QuotaExceeded"))
    assert "no-such-claim" in waiting["status"]["conditions"][0]["message"]
    assert "chart's image.predictor" in stuck["status"]["conditions"][0]["message"]
    assert "quota: none" in refused["status"]["conditions"][0]["message"]


def no_more_pods(namespace: str) -> Object:
    metadata = {"name": "none", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": "0"}}}


def test_a_branch_that_has_moved_is_found_by_a_job_and_prepared(stage: Stage, tmp_path: Path) -> None:
    kubernetes, repositories, where = stage.kubernetes, stage.hub.repositories, f"--namespace={stage.namespace}"
    first = repositories.publish_folder(MOVING, save_tiny_checkpoint(tmp_path / "first", seed=1))
    document = manifest(stage, "moving", "pvc://models/moving", predictor={"minReplicas": 0}, tests=[])
    document["spec"]["source"] = {"uri": f"hf://{MOVING}", "checkIntervalSeconds": 3600}
    document["spec"]["preparation"] = AS_IT_IS
    with applied(stage, document):
        model = kubernetes.wait("transformermodel", "moving", stage.namespace, "Prepared")
        assert model["status"]["commit"] == first

        second = repositories.publish_folder(MOVING, save_tiny_checkpoint(tmp_path / "second", seed=2))
        long_ago = json.dumps({"status": {"source": {"checkedAt": "2026-01-01T00:00:00Z"}}})
        patch = (
            "patch",
            "transformermodel/moving",
            where,
            "--subresource=status",
            "--type=merge",
            f"--patch={long_ago}",
        )
        kubernetes.kubectl(*patch)
        kubernetes.wait(
            "transformermodel", "moving", stage.namespace, lambda found: found["status"]["commit"] == second
        )
        told = {event["reason"]: event["note"] for event in events_about(stage, "moving")}
        assert told["SourceMoved"] == f"The sources are at {second} now, which is prepared."
