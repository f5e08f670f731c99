"""Policies about models in the chart: whether they are there, and where they hold."""

from typing import Any

import pytest

from tests.chart.chart import Chart, Manifest, Refused, of_kind

POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
ALL = {
    "allowedSources": ["hf://acme"],
    "allowedStorage": ["pvc://models"],
    "remoteCode": {"onlyInLabelledNamespaces": True},
}


def rendered(chart: Chart, policies: dict[str, Any], **values: Any) -> list[Manifest]:
    return of_kind(chart.render({"admissionPolicies": policies, **values}), POLICY, BINDING)


def subjects(manifests: list[Manifest], kind: str) -> set[str]:
    return {manifest["metadata"]["name"].rpartition(".")[2] for manifest in of_kind(manifests, kind)}


def test_nothing_is_restricted_unless_asked_for(chart: Chart) -> None:
    assert rendered(chart, {}) == []


@pytest.mark.parametrize(
    ("value", "subject"),
    [("allowedSources", "sources"), ("allowedStorage", "storage"), ("remoteCode", "remote-code")],
)
def test_each_policy_comes_alone(chart: Chart, value: str, subject: str) -> None:
    manifests = rendered(chart, {value: ALL[value]})

    assert subjects(manifests, POLICY) == subjects(manifests, BINDING) == {subject}


@pytest.mark.parametrize("action", ["Deny", "Warn", "Audit"])
def test_what_becomes_of_a_model_that_may_not(chart: Chart, action: str) -> None:
    bindings = of_kind(rendered(chart, {**ALL, "action": action}), BINDING)

    assert [binding["spec"]["validationActions"] for binding in bindings] == [[action]] * 3


def test_they_hold_where_the_release_watches(chart: Chart) -> None:
    watched = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a", "b"]}
    unlabelled = {"key": "transformermodel.dev/remote-code", "operator": "NotIn", "values": ["allowed"]}

    assert [
        binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        for binding in of_kind(rendered(chart, ALL, watchNamespaces=["a", "b"]), BINDING)
    ] == [[watched], [watched], [unlabelled, watched]]
    everywhere = of_kind(rendered(chart, ALL), BINDING)
    assert [binding["spec"].get("matchResources") for binding in everywhere] == [
        None,
        None,
        {"namespaceSelector": {"matchExpressions": [unlabelled]}},
    ]


def test_releases_of_one_name_in_several_namespaces_have_policies_of_their_own(chart: Chart) -> None:
    values = {"admissionPolicies": ALL}
    here, there = (
        {m["metadata"]["name"] for m in of_kind(chart.render(values, namespace=namespace), POLICY)}
        for namespace in ("here", "there")
    )

    assert here.isdisjoint(there)


def test_an_api_server_that_is_too_old_is_named(chart: Chart) -> None:
    old = ("template", "release", str(chart.directory), "--kube-version=1.29.0")

    with pytest.raises(Refused, match=r"admissionPolicies need Kubernetes 1\.30 or newer, and this is v1\.29\.0"):
        chart.run(*old, "--set=admissionPolicies.allowedStorage={pvc://models}")


@pytest.mark.parametrize(
    ("policies", "named"),
    [
        ({"allowedSources": ["acme"]}, "/admissionPolicies/allowedSources/0"),
        ({"allowedSources": ["hf://acme\n  - all"]}, "/admissionPolicies/allowedSources/0"),
        ({"allowedSources": ["file:///etc"]}, "/admissionPolicies/allowedSources/0"),
        ({"allowedStorage": ["hf://acme"]}, "/admissionPolicies/allowedStorage/0"),
        ({"action": "Refuse"}, "/admissionPolicies/action"),
        ({"remoteCode": {"label": "a b"}}, "/admissionPolicies/remoteCode/label"),
        ({"remoteCode": {"value": ""}}, "/admissionPolicies/remoteCode/value"),
    ],
)
def test_a_wrong_value_is_refused_and_named(chart: Chart, policies: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused, match=named):
        rendered(chart, policies)
