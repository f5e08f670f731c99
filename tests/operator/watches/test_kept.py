"""Of each kind is kept what somebody decides by, and nothing that is long beside it."""

from typing import Any

from tests.operator.watches.test_store import child
from tests.operator.world import Object, deployment, model, service
from transformermodel_operator.watches import kept

OURS, THEIRS = {"manager": "transformermodel-operator"}, {"manager": "kubectl"}


def managed(document: Object) -> Any:
    document["metadata"]["managedFields"] = [THEIRS, OURS]
    return document


def test_of_a_child_our_own_field_list_is_kept() -> None:
    assert kept.of_child(managed(child("a", 1)))["metadata"]["managedFields"] == [OURS]


def test_of_a_model_no_field_list_is_kept_and_nothing_else_is_lost() -> None:
    document = managed(model(metadata={"annotations": {"transformermodel.dev/requested-at": "now"}}))
    document["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    found = kept.of_model(document)
    assert "managedFields" not in found["metadata"]
    assert found["metadata"]["annotations"] == {"transformermodel.dev/requested-at": "now"}
    assert (found["spec"], found["metadata"]["uid"]) == (document["spec"], document["metadata"]["uid"])


def test_of_a_deployment_its_containers_are_not_kept() -> None:
    whole = deployment(service(model()))
    annotations = whole["spec"]["template"]["metadata"]["annotations"]
    whole["spec"]["template"]["spec"] = {"containers": [{"name": "kserve-container"}]}
    found = kept.of_deployment(whole)
    assert found["spec"]["template"] == {"metadata": {"annotations": annotations}}
    assert (found["spec"]["replicas"], found["status"]) == (1, whole["status"])


def test_what_came_is_left_as_it_was() -> None:
    document = managed(child("a", 1))
    kept.of_child(document)
    assert document["metadata"]["managedFields"] == [THEIRS, OURS]
