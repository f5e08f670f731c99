"""NetworkPolicies: that they are about the pods that chart and operator really make, and what they let through."""

from typing import Any

import pytest

from tests.chart.chart import Chart, Manifest, of_kind, single
from tests.chart.network_policy import Host, Pod, lets_through, selected
from tests.operator.world import SETTINGS, STORAGE, model, read, revision
from transformermodel_operator.children.check_job import check_job
from transformermodel_operator.children.inference_service import inference_service
from transformermodel_operator.children.job import preparation_job
from transformermodel_operator.children.removal_job import removal_job

MODEL = read(model())
JOBS = {
    "preparation": preparation_job(MODEL, STORAGE, SETTINGS),
    "check": check_job(MODEL, None, SETTINGS),
    "removal": removal_job(MODEL, STORAGE, SETTINGS),
}
WORKERS = {name: Pod("team", job["spec"]["template"]["metadata"]["labels"]) for name, job in JOBS.items()}
PREDICTOR = Pod("team", inference_service(MODEL, revision(model()))["metadata"]["labels"])
"""KServe hands the labels of an InferenceService on to its pods."""
APPLICATION = Pod("team", {"app": "shop"})
GATEWAY = Pod("gateway", {"app": "envoy"})
PROMETHEUS = Pod("monitoring", {"app.kubernetes.io/name": "prometheus"})
NAME_SERVER = Pod("kube-system", {"k8s-app": "kube-dns"})
HUB, API_SERVER, PRIVATE, METADATA_SERVER = map(Host, ("93.184.216.34", "10.0.0.1", "10.1.2.3", "169.254.169.254"))

ENABLED = {"enabled": True}


def policies(chart: Chart, networking: dict[str, Any] | None = None, **values: Any) -> list[Manifest]:
    values = {"watchNamespaces": ["team"], **values, "networkPolicies": {**ENABLED, **(networking or {})}}
    return of_kind(chart.render(values), "NetworkPolicy")


@pytest.fixture(scope="module")
def usual(chart: Chart) -> list[Manifest]:
    return policies(chart)


@pytest.fixture(scope="module")
def operator(chart: Chart) -> Pod:
    template = single(chart.render(), "Deployment")["spec"]["template"]
    return Pod("system", template["metadata"]["labels"])


def test_there_are_none_unless_wanted(chart: Chart) -> None:
    assert of_kind(chart.render({"watchNamespaces": ["team"]}), "NetworkPolicy") == []


def test_each_of_our_pods_has_one_policy_and_others_none(usual: list[Manifest], operator: Pod) -> None:
    for pod in (operator, PREDICTOR, *WORKERS.values()):
        assert len([policy for policy in usual if selected(policy, pod)]) == 1, pod
    assert not any(selected(policy, APPLICATION) for policy in usual)


def test_they_are_made_in_each_watched_namespace_or_in_those_that_are_named(chart: Chart) -> None:
    def places(manifests: list[Manifest]) -> list[str]:
        return sorted(policy["metadata"]["namespace"] for policy in manifests)

    assert places(policies(chart, watchNamespaces=["a", "b"])) == ["a", "a", "b", "b", "system"]
    assert places(policies(chart, {"namespaces": ["a"]}, watchNamespaces=["a", "b"])) == ["a", "a", "system"]
    assert places(policies(chart, {"namespaces": ["a"]}, watchNamespaces=[])) == ["a", "a", "system"]
    assert places(policies(chart, watchNamespaces=[])) == ["system"]


def test_the_operator_talks_to_the_api_server_alone_and_is_asked_for_metrics_alone(
    usual: list[Manifest], operator: Pod
) -> None:
    assert lets_through(usual, operator, API_SERVER, 6443)
    assert lets_through(usual, PROMETHEUS, operator, 8081)
    assert not lets_through(usual, operator, HUB, 80)
    assert not lets_through(usual, operator, NAME_SERVER, 53, "UDP")
    assert not lets_through(usual, PROMETHEUS, operator, 8080)
    assert not lets_through(usual, APPLICATION, operator, 8081)


def test_the_operator_can_be_let_to_a_collector_and_bound_to_the_api_servers_address(
    chart: Chart, operator: Pod
) -> None:
    collector = Pod("tracing", {"app": "collector"})
    to_collector = {
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tracing"}}}],
        "ports": [{"port": 4318}],
    }
    api_server = {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}], "ports": [6443]}
    found = policies(chart, {"operator": {"egress": [to_collector]}, "apiServer": api_server})

    assert lets_through(found, operator, collector, 4318)
    assert lets_through(found, operator, NAME_SERVER, 53, "UDP")
    assert lets_through(found, operator, API_SERVER, 6443)
    assert not lets_through(found, operator, PRIVATE, 6443)
    assert not lets_through(found, operator, API_SERVER, 443)


@pytest.mark.parametrize("component", JOBS)
def test_preparation_reaches_hub_and_stores_and_nothing_inside(usual: list[Manifest], component: str) -> None:
    worker = WORKERS[component]

    assert lets_through(usual, worker, NAME_SERVER, 53, "UDP")
    assert lets_through(usual, worker, HUB, 443)
    assert lets_through(usual, worker, Host("2606:2800:220:1::1"), 443)
    for inside in (API_SERVER, PRIVATE, METADATA_SERVER, Host("172.20.0.1"), Host("fd00::1"), PREDICTOR, APPLICATION):
        assert not lets_through(usual, worker, inside, 443), inside
    assert not lets_through(usual, worker, METADATA_SERVER, 80)
    assert not lets_through(usual, APPLICATION, worker, 8080)


def test_preparation_can_be_let_to_a_mirror_alone(chart: Chart) -> None:
    mirror = Pod("mirrors", {"app": "hub"})
    rule = {"to": [{"podSelector": {"matchLabels": mirror.labels}, "namespaceSelector": {}}], "ports": [{"port": 8000}]}
    found = policies(chart, {"preparation": {"egress": [rule]}})

    assert lets_through(found, WORKERS["preparation"], mirror, 8000)
    assert not lets_through(found, WORKERS["preparation"], HUB, 443)
    assert lets_through(found, PREDICTOR, HUB, 443)


def test_a_predictor_answers_its_namespace_and_monitoring(usual: list[Manifest]) -> None:
    for port in (8080, 8081):
        assert lets_through(usual, APPLICATION, PREDICTOR, port)
        assert not lets_through(usual, GATEWAY, PREDICTOR, port)
        assert not lets_through(usual, HUB, PREDICTOR, port)
    assert lets_through(usual, PROMETHEUS, PREDICTOR, 8082)
    assert not lets_through(usual, PROMETHEUS, PREDICTOR, 8080)
    assert not lets_through(usual, APPLICATION, PREDICTOR, 8082)
    assert lets_through(usual, PREDICTOR, HUB, 443)
    assert not lets_through(usual, PREDICTOR, METADATA_SERVER, 80)


def test_a_predictor_can_be_opened_to_a_gateway_and_closed_to_all_else(chart: Chart) -> None:
    gateway = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateway"}}}]
    found = policies(chart, {"predictor": {"from": gateway, "egress": []}, "metricsFrom": []})

    assert lets_through(found, GATEWAY, PREDICTOR, 8080)
    assert not lets_through(found, APPLICATION, PREDICTOR, 8080)
    assert not lets_through(found, PROMETHEUS, PREDICTOR, 8082)
    assert not lets_through(found, PREDICTOR, HUB, 443)


def test_nobody_in_the_list_is_nobody_and_not_everybody(chart: Chart, operator: Pod) -> None:
    """Kubernetes takes a rule without peers as one for everybody."""
    found = policies(chart, {"predictor": {"from": []}, "metricsFrom": []})

    assert not lets_through(found, APPLICATION, PREDICTOR, 8080)
    assert not lets_through(found, PROMETHEUS, operator, 8081)


def test_the_ports_are_those_at_which_operator_and_runtime_listen(chart: Chart) -> None:
    manifests = chart.render({"networkPolicies": {**ENABLED, "namespaces": ["team"]}})
    (of_operator,) = single(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    (of_runtime,) = single(manifests, "ClusterServingRuntime")["spec"]["containers"]
    let_in = {
        policy["metadata"]["name"]: [port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]]
        for policy in of_kind(manifests, "NetworkPolicy")
        if policy["spec"].get("ingress")
    }

    assert let_in == {
        "release-transformermodel": [p["containerPort"] for p in of_operator["ports"] if p["name"] == "metrics"],
        "release-transformermodel-predictor": [port["containerPort"] for port in of_runtime["ports"]],
    }


def test_opening_names_to_another_resolver_closes_the_usual_one(chart: Chart) -> None:
    openshift = {
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "openshift-dns"}}}],
        "ports": [5353],
    }
    found = policies(chart, {"dns": openshift})

    assert lets_through(found, PREDICTOR, Pod("openshift-dns"), 5353, "UDP")
    assert not lets_through(found, PREDICTOR, NAME_SERVER, 53, "UDP")
