"""Upgrades of the chart, its removal and its return: models go on answering, and nothing that serves is touched.

No version has been released before this one. The former one is therefore this chart with a lower version, an operator
under another tag, and a CRD that lacks a field: Kubernetes sees change what an upgrade changes.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.cluster.client import Client
from tests.cluster.installation import CHART, Release
from tests.cluster.kubernetes import Object
from tests.cluster.node.containerd import OTHER_TAG
from tests.cluster.stage import Stage
from tests.cluster.test_operator import has_reason, patch

NEW_FIELD = "deletionPolicy"
CHILDREN = "transformermodel.dev/model=sentiment"
PREDICTORS = "serving.kserve.io/inferenceservice=sentiment"


@dataclass(frozen=True)
class Sight:
    """What there is of the model at one moment.

    Attributes:
        made: uid and generation of its InferenceService and of its Deployment.
        pods: uids of its replicas, and the image that they run.
        jobs: uids of its Jobs.
        revisions: names of its ControllerRevisions.
        model: the resource.
    """

    made: frozenset[tuple[str, int]]
    pods: frozenset[tuple[str, str]]
    jobs: frozenset[str]
    revisions: frozenset[str]
    model: Object

    @classmethod
    def of(cls, stage: Stage) -> "Sight":
        """Look now."""

        def of_kind(kind: str) -> list[Object]:
            return [found["metadata"] for found in stage.kubernetes.objects(kind, stage.namespace, CHILDREN)]

        ours = of_kind("inferenceservices") + of_kind("deployments")
        pods = stage.kubernetes.objects("pods", stage.namespace, PREDICTORS)
        model = stage.kubernetes.get("transformermodel", "sentiment", stage.namespace)
        assert model is not None
        return cls(
            frozenset((found["uid"], found["generation"]) for found in ours),
            replicas(pods),
            frozenset(found["uid"] for found in of_kind("jobs")),
            frozenset(found["name"] for found in of_kind("controllerrevisions")),
            model,
        )


def replicas(pods: list[Object]) -> frozenset[tuple[str, str]]:
    """Uids of pods, and the image that they run."""
    return frozenset((pod["metadata"]["uid"], pod["spec"]["containers"][0]["image"]) for pod in pods)


@dataclass(frozen=True)
class History:
    """What was seen of the model, one moment after the other, and what its client was answered."""

    at_first: Sight
    uninstalled: Sight
    former: Sight
    upgraded: Sight
    other_predictor: Sight
    back: Sight
    reinstalled: Sight
    client: Client


@pytest.fixture(scope="module")
def history(stage: Stage, applied_example: None, tmp_path_factory: pytest.TempPathFactory) -> History:
    """Uninstall; a former version under another name; upgrade; another predictor and back; uninstall; return."""
    first, second = Release(stage.kubernetes), Release(stage.kubernetes, "second")
    stage.ready()
    stage.kubernetes.wait_for_all("pods", stage.namespace, PREDICTORS, lambda pods: len(pods) == 1)
    values = first.values()
    try:
        with Client(stage).asking() as client:
            return live_through(stage, first, second, tmp_path_factory.mktemp("former"), client)
    except BaseException:
        second.uninstall()
        first.upgrade(values, "--install", "--take-ownership")
        raise


def live_through(stage: Stage, first: Release, second: Release, folder: Path, client: Client) -> History:
    at_first, values = Sight.of(stage), first.values()
    first.uninstall()
    uninstalled = Sight.of(stage)

    older = {**values, "replicas": 1, "image.operator.tag": OTHER_TAG}
    second.install(older, "--take-ownership", chart=former_chart(folder))
    former = taken_over(stage)

    second.upgrade({"image.operator.tag": "test"})
    upgraded = taken_over(stage)

    second.upgrade({"image.predictor.tag": OTHER_TAG})
    other_predictor = rolled(stage, upgraded)
    second.upgrade({"image.predictor.tag": "test"})
    back = rolled(stage, other_predictor)

    second.uninstall()
    first.install(values, "--take-ownership")
    return History(at_first, uninstalled, former, upgraded, other_predictor, back, taken_over(stage), client)


def former_chart(folder: Path) -> Path:
    """The chart as it may have been: of a lower version, with a CRD that lacks a field."""
    chart = shutil.copytree(CHART, folder / CHART.name)
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    (chart / "Chart.yaml").write_text(yaml.safe_dump({**about, "version": "0.0.9", "appVersion": "0.0.9"}))
    file = chart / "files" / "transformermodels.yaml"
    crd = yaml.safe_load(file.read_text())
    del fields_of(crd)[NEW_FIELD]
    file.write_text(yaml.safe_dump(crd, sort_keys=False))
    return chart


def fields_of(crd: Object) -> Object:
    """The schemas of the fields of spec."""
    (version,) = crd["spec"]["versions"]
    found: Object = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return found


def taken_over(stage: Stage) -> Sight:
    """Wait until the operator that is there now has dealt with the model: to suspend it changes nothing that serves."""
    patch(stage, "transformermodel/sentiment", {"spec": {"suspend": True}})
    stage.kubernetes.wait("transformermodel", "sentiment", stage.namespace, has_reason("Suspended"))
    patch(stage, "transformermodel/sentiment", {"spec": {"suspend": False}})
    stage.ready()
    return Sight.of(stage)


def rolled(stage: Stage, before: Sight) -> Sight:
    """Wait until other replicas serve the model, and the former ones are gone."""

    def another_is_alone(pods: list[Object]) -> bool:
        return len(pods) == 1 and not replicas(pods) & before.pods

    stage.kubernetes.wait_for_all("pods", stage.namespace, PREDICTORS, another_is_alone)
    stage.ready()
    return Sight.of(stage)


def test_no_request_fails_whatever_becomes_of_the_operator(history: History) -> None:
    assert history.client.failures == []
    assert history.client.answered > 100


@pytest.mark.parametrize("moment", ["uninstalled", "former", "upgraded"])
def test_what_serves_is_not_touched(history: History, moment: str) -> None:
    seen: Sight = getattr(history, moment)
    assert (len(seen.pods), len(seen.made)) == (1, 2)
    assert (seen.pods, seen.made) == (history.at_first.pods, history.at_first.made)


def test_another_image_of_the_predictor_is_rolled_out(history: History) -> None:
    ((_, image),) = history.other_predictor.pods
    assert image.endswith(f":{OTHER_TAG}")
    ((_, image),) = history.back.pods
    assert image.endswith(":test")


def test_what_was_rolled_out_is_not_touched_by_a_return(history: History) -> None:
    assert (history.reinstalled.pods, history.reinstalled.made) == (history.back.pods, history.back.made)


def test_nothing_is_prepared_again_and_no_revision_is_added(history: History) -> None:
    assert history.reinstalled.jobs <= history.at_first.jobs
    assert history.reinstalled.revisions == history.at_first.revisions


def test_an_upgrade_brings_the_new_fields_of_the_resource(history: History) -> None:
    assert NEW_FIELD not in history.former.model["spec"]
    assert history.upgraded.model["spec"][NEW_FIELD] == "Retain"
