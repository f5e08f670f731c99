"""What makes another revision, and what is kept of one."""

from typing import Any

import pytest

from tests.operator.world import ARTIFACT, SETTINGS, Object, kept, model, read, revision
from transformermodel_operator.children.revision import FAILED_ANNOTATION, Failure, Revision
from transformermodel_operator.settings import Settings


def name(document: Object, **settings: Any) -> str:
    return Revision.of(read(document), ARTIFACT, Settings(**{**vars(SETTINGS), **settings})).name


@pytest.mark.parametrize(
    ("document", "settings"),
    [
        pytest.param(model(predictor={"env": [{"name": "A", "value": "1"}]}), {}, id="environment"),
        pytest.param(model(predictor={"labels": {"team": "a"}}), {}, id="labels"),
        pytest.param(model(predictor={"longestRequestSeconds": 60}), {}, id="longest request"),
        pytest.param(model(rollout={"progressDeadlineSeconds": 1200}), {}, id="time to load"),
        pytest.param(model(), {"runtime": "other"}, id="runtime"),
    ],
)
def test_other_pods_are_another_revision(document: Object, settings: Any) -> None:
    assert name(document, **settings) != name(model())


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(model(predictor={"minReplicas": 3, "maxReplicas": 5}), id="replicas"),
        pytest.param(model(rollout={"strategy": "Recreate", "automaticRollback": False}), id="rollout"),
        pytest.param(model(rollout={"progressDeadlineSeconds": 60}), id="less time than a replica has anyway"),
        pytest.param(model(preparation={"deadlineSeconds": 60}), id="preparation"),
    ],
)
def test_the_same_pods_are_the_same_revision(document: Object) -> None:
    assert name(document) == name(model())


def test_a_kept_revision_is_read_as_it_was() -> None:
    document = model(predictor={"env": [{"name": "A", "value": "1"}], "tolerations": [{"key": "gpu"}]})
    assert Revision.read(kept(document)) == revision(document)


def test_its_name_is_the_models_and_says_what_is_in_it() -> None:
    assert name(model()).startswith("sentiment-")
    assert len(name(model(metadata={"name": "m" * 40}))) <= 63


@pytest.mark.parametrize("mark", ["{}", "[]", "null", '"a"', "no JSON"])
def test_a_mark_that_nobody_can_read_is_none(mark: str) -> None:
    document = kept(model())
    document["metadata"]["annotations"] = {FAILED_ANNOTATION: mark}
    assert Failure.read(document) is None
