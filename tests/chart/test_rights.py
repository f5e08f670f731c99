"""What the operator and users may do."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chart.chart import Chart, Manifest, of_kind, single
from transformermodel_operator.lease import NAME as LEASE

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
FORBIDDEN = {"secrets", "pods/exec", "pods/attach", "pods/proxy", "pods/portforward", "serviceaccounts", "roles"}
FORBIDDEN_VERBS = {"*", "escalate", "bind", "impersonate"}
USERS = {"release-transformermodel-view", "release-transformermodel-edit"}


def rules(manifests: list[Manifest]) -> Iterator[dict[str, Any]]:
    for role in of_kind(manifests, "Role", "ClusterRole"):
        yield from role["rules"]


@pytest.mark.parametrize("namespaces", [[], ["a", "b"]])
def test_no_rule_is_wide_or_touches_secrets(chart: Chart, namespaces: list[str]) -> None:
    for rule in rules(chart.render({"watchNamespaces": namespaces})):
        assert not FORBIDDEN & set(rule["resources"])
        assert not FORBIDDEN_VERBS & set(rule["verbs"])
        assert not any("*" in name for name in (*rule["apiGroups"], *rule["resources"]))
        assert "rbac.authorization.k8s.io" not in rule["apiGroups"]


def test_the_operator_may_only_patch_models_and_neither_make_nor_remove_any(chart: Chart) -> None:
    role = next(
        role
        for role in of_kind(chart.render(), "ClusterRole")
        if role["metadata"]["name"] == "release-transformermodel"
    )
    (verbs,) = [set(rule["verbs"]) for rule in role["rules"] if rule["resources"] == ["transformermodels"]]

    assert verbs == {"get", "list", "watch", "patch"}


def test_each_right_of_the_operator_is_listed_with_its_reason(chart: Chart) -> None:
    _, _, section = PAGE.read_text().partition("## Rights\n")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("|")]
    listed: dict[str, set[str]] = defaultdict(set)
    for resource, verbs, reason in rows[2:]:
        assert reason, resource
        listed[resource.partition(",")[0]] |= set(re.findall(r"\w+", verbs)) - {"of", "its", "own"}
    manifests = chart.render()
    given: dict[str, set[str]] = defaultdict(set)
    for role in of_kind(manifests, "ClusterRole", "Role"):
        for rule in role["rules"] if role["metadata"]["name"] not in USERS else ():
            for resource in rule["resources"]:
                given[resource] |= set(rule["verbs"])

    assert listed == given


def test_watching_namespaces_needs_no_rights_in_the_cluster(chart: Chart) -> None:
    manifests = chart.render({"watchNamespaces": ["a", "b"]})

    assert {role["metadata"]["name"] for role in of_kind(manifests, "ClusterRole")} == USERS
    assert of_kind(manifests, "ClusterRoleBinding") == []
    for namespace in ("a", "b"):
        (binding,) = [b for b in of_kind(manifests, "RoleBinding") if b["metadata"]["namespace"] == namespace]
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": "release-transformermodel", "namespace": "system"}
        ]


def test_the_same_rights_in_a_namespace_as_in_the_cluster(chart: Chart) -> None:
    everywhere = [r["rules"] for r in of_kind(chart.render(), "ClusterRole") if r["metadata"]["name"] not in USERS]
    manifests = chart.render({"watchNamespaces": ["a"]})
    there = [role["rules"] for role in of_kind(manifests, "Role") if role["metadata"]["namespace"] == "a"]

    assert there == everywhere


def test_the_operator_has_its_own_lease_in_its_own_namespace(chart: Chart) -> None:
    role = single(chart.render(), "Role")
    creating, holding = role["rules"]

    assert role["metadata"]["namespace"] == "system"
    assert (creating["resources"], creating["verbs"]) == (["leases"], ["create"])
    assert (holding["resources"], holding["resourceNames"]) == (["leases"], [LEASE])


def test_without_crd_and_user_roles_nothing_is_cluster_wide(chart: Chart) -> None:
    manifests = chart.render({"watchNamespaces": ["a"], "crds": {"enabled": False}, "userRoles": {"create": False}})

    assert all("namespace" in manifest["metadata"] for manifest in manifests)


def test_users_get_their_rights_through_the_clusters_own_roles(chart: Chart) -> None:
    roles = {r["metadata"]["name"]: r for r in of_kind(chart.render(), "ClusterRole") if r["metadata"]["name"] in USERS}
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    into = {
        name: {key.removeprefix(prefix) for key in role["metadata"]["labels"] if key.startswith(prefix)}
        for name, role in roles.items()
    }

    assert into["release-transformermodel-view"] == {"view", "edit", "admin"}
    assert into["release-transformermodel-edit"] == {"edit", "admin"}
    viewing = {verb for rule in roles["release-transformermodel-view"]["rules"] for verb in rule["verbs"]}
    assert viewing == {"get", "list", "watch"}
