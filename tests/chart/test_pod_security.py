import copy
from typing import Any

import pytest

from tests.chart.pod_security import restricted_violations, writable_roots

ADMITTED: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "scratch", "emptyDir": {}}],
    "containers": [
        {
            "name": "main",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
        }
    ],
}


def changed(container: dict[str, Any] | None = None, security: dict[str, Any] | None = None, **pod: Any) -> Any:
    spec = {**copy.deepcopy(ADMITTED), **pod}
    spec["containers"][0].update(container or {})
    spec["containers"][0]["securityContext"].update(security or {})
    return spec


def test_a_restricted_pod_is_admitted() -> None:
    assert restricted_violations(ADMITTED) == []
    assert writable_roots(ADMITTED) == []


@pytest.mark.parametrize(
    ("spec", "violation"),
    [
        (changed(hostNetwork=True), "hostNetwork is true"),
        (changed(volumes=[{"name": "node", "hostPath": {"path": "/"}}]), "volume node is a hostPath"),
        (changed(securityContext={"seccompProfile": {"type": "RuntimeDefault"}}), "main: runAsNonRoot is not true"),
        (
            changed(securityContext={"runAsNonRoot": True}),
            "main: seccompProfile is neither RuntimeDefault nor Localhost",
        ),
        (changed(security={"runAsUser": 0}), "main: runAsUser is 0"),
        (changed(security={"runAsNonRoot": False}), "main: runAsNonRoot is not true"),
        (changed(security={"privileged": True}), "main: privileged is true"),
        (changed(security={"allowPrivilegeEscalation": None}), "main: allowPrivilegeEscalation is not false"),
        (changed(security={"capabilities": {}}), "main: capabilities do not drop ALL"),
        (
            changed(security={"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}),
            "main: capability SYS_ADMIN is added",
        ),
        (changed({"ports": [{"containerPort": 80, "hostPort": 80}]}), "main: hostPort 80"),
        (changed({"livenessProbe": {"httpGet": {"host": "node", "port": 1}}}), "main: livenessProbe names a host"),
    ],
)
def test_what_restricted_forbids_is_named(spec: Any, violation: str) -> None:
    assert restricted_violations(spec) == [violation]


def test_init_containers_are_looked_at_too() -> None:
    spec = changed(initContainers=[{"name": "first"}])

    assert any(line.startswith("first:") for line in restricted_violations(spec))
    assert writable_roots(spec) == ["first"]
