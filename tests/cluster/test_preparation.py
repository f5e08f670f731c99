"""What a preparation says of itself on a real cluster, what is told of one that cannot begin, and what it leaves."""

from collections.abc import Callable
from pathlib import Path

from tests.cluster.kubernetes import Object
from tests.cluster.stage import Stage
from tests.cluster.test_operator import applied

ARTIFACTS, REFERENCES = "artifacts", "refs"


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
    kubernetes.apply(manifest(stage, "leaving", "pvc://models/leaving", deletionPolicy="Delete"))
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
    with applied(stage, nowhere), applied(stage, imageless):
        waiting = stage.kubernetes.wait("transformermodel", "nowhere", stage.namespace, prepared_with("ClaimMissing"))
        stuck = stage.kubernetes.wait(
            "transformermodel", "imageless", stage.namespace, prepared_with("ImagePullFailed")
        )
    assert "no-such-claim" in waiting["status"]["conditions"][0]["message"]
    assert "chart's image.predictor" in stuck["status"]["conditions"][0]["message"]
