"""What `helm test` makes: a pod with few rights, for as long as it runs."""

from typing import Any

import pytest

from tests.chart.chart import Chart, Manifest, of_kind, single
from tests.chart.pod_security import restricted_violations, writable_roots
from transformermodel_api.source import Source


def made(chart: Chart, **values: Any) -> list[Manifest]:
    installed = chart.render(values)
    return [found for found in chart.render(values, tests=True) if found not in installed]


def argument(manifests: list[Manifest], name: str) -> str:
    (container,) = single(manifests, "Pod")["spec"]["containers"]
    (value,) = [text.removeprefix(f"--{name}=") for text in container["args"] if text.startswith(f"--{name}=")]
    return str(value)


def test_everything_is_made_for_the_test_and_removed_when_it_has_passed(chart: Chart) -> None:
    manifests = made(chart)

    assert sorted(found["kind"] for found in manifests) == ["Pod", "Role", "RoleBinding", "ServiceAccount"]
    for found in manifests:
        annotations = found["metadata"]["annotations"]
        assert annotations["helm.sh/hook"] == "test"
        assert "hook-succeeded" in annotations["helm.sh/hook-delete-policy"]
        # What failed can be looked at; rights are not left lying about.
        assert ("hook-failed" in annotations["helm.sh/hook-delete-policy"]) is (found["kind"] != "Pod")


def test_its_pod_is_restricted_and_not_taken_for_an_operator(chart: Chart) -> None:
    pod = single(made(chart), "Pod")
    selector = single(chart.render(), "Deployment")["spec"]["selector"]["matchLabels"]

    assert restricted_violations(pod["spec"]) == []
    assert writable_roots(pod["spec"]) == []
    assert not selector.items() <= pod["metadata"]["labels"].items()


@pytest.mark.parametrize(("watched", "place"), [([], "system"), (["a", "b"], "a")])
def test_it_may_make_and_remove_models_where_the_operator_watches(chart: Chart, watched: list[str], place: str) -> None:
    manifests = made(chart, watchNamespaces=watched)
    (rule,) = single(manifests, "Role")["rules"]

    assert (rule["resources"], rule["verbs"]) == (["transformermodels"], ["create", "get", "delete"])
    assert {found["metadata"]["namespace"] for found in of_kind(manifests, "Role", "RoleBinding")} == {place}
    assert argument(manifests, "namespace") == place
    (subject,) = single(manifests, "RoleBinding")["subjects"]
    assert (subject["namespace"], subject["name"]) == ("system", single(manifests, "Pod")["spec"]["serviceAccountName"])


@pytest.mark.parametrize("allowed", [[], ["hf://acme"], ["hf://acme/"], ["hf://acme/model"], ["s3://bucket/released"]])
def test_its_model_is_valid_and_from_where_models_may_come(chart: Chart, allowed: list[str]) -> None:
    uri = argument(made(chart, admissionPolicies={"allowedSources": allowed}), "source-uri")

    assert Source(uri=uri).uri == uri
    assert not allowed or f"{uri}/".startswith(allowed[0])
