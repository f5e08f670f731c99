"""What can be added to what the chart makes, and what of the chart's own that never overwrites."""

from typing import Any

import pytest
import yaml

from tests.chart.chart import Chart, Manifest, Refused, of_kind, single


def template_of(manifests: list[Manifest]) -> dict[str, Any]:
    template: dict[str, Any] = single(manifests, "Deployment")["spec"]["template"]
    return template


def container_of(manifests: list[Manifest]) -> dict[str, Any]:
    (container,) = template_of(manifests)["spec"]["containers"]
    return container


def test_the_operator_gets_further_variables_and_volumes(chart: Chart) -> None:
    variable = {"name": "SSL_CERT_FILE", "value": "/etc/authorities/ca.pem"}
    volume = {"name": "authorities", "configMap": {"name": "authorities"}}
    mount = {"name": "authorities", "mountPath": "/etc/authorities", "readOnly": True}
    manifests = chart.render({"extraEnv": [variable], "volumes": [volume], "volumeMounts": [mount]})

    assert variable in container_of(manifests)["env"]
    assert mount in container_of(manifests)["volumeMounts"]
    assert volume in template_of(manifests)["spec"]["volumes"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"extraEnv": [{"name": "TRANSFORMERMODEL_CLUSTER", "value": "east"}]}, "/extraEnv/0/name"),
        ({"extraEnv": [{"name": "HOME", "value": "/"}]}, "/extraEnv/0/name"),
        ({"volumes": [{"name": "scratch", "emptyDir": {}}]}, "/volumes/0/name"),
        ({"volumes": [{"name": "node", "hostPath": {"path": "/"}}]}, "hostPath"),
        ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "/podDisruptionBudget/maxUnavailable"),
        ({"serviceAccount": {"annotations": {"role": 7}}}, "/serviceAccount/annotations/role"),
        ({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone"}]}, "whenUnsatisfiable"),
        ({"networkPolicies": {"metricsFrom": [{}]}}, "/networkPolicies/metricsFrom/0"),
    ],
)
def test_what_would_break_it_is_refused_and_named(chart: Chart, values: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused, match=named):
        chart.render(values)


def test_pods_have_labels_and_a_priority_of_your_own(chart: Chart) -> None:
    manifests = chart.render(
        {
            "podLabels": {"team": "ml", "app.kubernetes.io/component": "other"},
            "priorityClassName": "system-cluster-critical",
        }
    )
    labels = template_of(manifests)["metadata"]["labels"]

    assert labels["team"] == "ml"
    assert single(manifests, "Deployment")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert template_of(manifests)["spec"]["priorityClassName"] == "system-cluster-critical"


def test_every_object_has_the_common_labels_beside_the_charts(chart: Chart) -> None:
    plain = chart.render({"replicas": 2})
    labelled = chart.render({"replicas": 2, "commonLabels": {"team": "ml", "app.kubernetes.io/name": "other"}})

    for before, after in zip(plain, labelled, strict=True):
        assert after["metadata"]["labels"] == {**before["metadata"]["labels"], "team": "ml"}


def test_a_cloud_knows_the_operator_by_its_service_accounts_annotations(chart: Chart) -> None:
    identity = {"iam.gke.io/gcp-service-account": "operator@project.iam.gserviceaccount.com"}
    account = single(chart.render({"serviceAccount": {"annotations": identity}}), "ServiceAccount")

    assert account["metadata"]["annotations"] == identity


@pytest.mark.parametrize(
    ("account", "name"),
    [
        ({"name": "ours"}, "ours"),
        ({"create": False, "name": "ours"}, "ours"),
        ({"create": False}, "default"),
    ],
)
def test_whose_service_account_it_is_has_the_rights(chart: Chart, account: dict[str, Any], name: str) -> None:
    manifests = chart.render({"serviceAccount": account, "watchNamespaces": ["a"]})

    made = [found["metadata"]["name"] for found in of_kind(manifests, "ServiceAccount")]
    assert made == ([name] if account.get("create", True) else [])
    assert template_of(manifests)["spec"]["serviceAccountName"] == name
    subjects = [subject for binding in of_kind(manifests, "RoleBinding") for subject in binding["subjects"]]
    assert {subject["name"] for subject in subjects} == {name}


def test_everything_can_be_called_otherwise(chart: Chart) -> None:
    manifests = chart.render({"fullnameOverride": "models"})

    assert single(manifests, "Deployment")["metadata"]["name"] == "models"
    assert not [found for found in manifests if "release" in found["metadata"]["name"]]


CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: '{{ include "transformermodel.name" . }}-notes'
  namespace: '{{ .Release.Namespace }}'
"""


@pytest.mark.parametrize("extra", [yaml.safe_load(CONFIG_MAP), CONFIG_MAP], ids=["as YAML", "as text"])
def test_objects_of_your_own_are_installed_along_and_may_hold_templates(
    chart: Chart, extra: str | dict[str, Any]
) -> None:
    found = single(chart.render({"extraObjects": [extra]}), "ConfigMap")

    assert found["metadata"] == {"name": "release-transformermodel-notes", "namespace": "system"}
