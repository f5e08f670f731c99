"""Kubernetes' Pod Security Standard "restricted" as a function over manifests.

After https://kubernetes.io/docs/concepts/security/pod-security-standards/. The API server of the cluster tests enforces
the real one; this one also sees pods that no test starts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
_SECCOMP = {"RuntimeDefault", "Localhost"}
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")

PodSpec = Mapping[str, Any]
Container = Mapping[str, Any]


def restricted_violations(pod: PodSpec) -> list[str]:
    """What PodSecurity "restricted" forbids in a pod's spec: one line each, empty when it would be admitted."""
    return [*_pod_violations(pod), *(line for container in _containers(pod) for line in _of_container(container, pod))]


def writable_roots(pod: PodSpec) -> list[str]:
    """Names of the containers whose root file system can be written to."""
    return [
        container["name"]
        for container in _containers(pod)
        if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True
    ]


def _containers(pod: PodSpec) -> Iterator[Container]:
    for field in _CONTAINERS:
        yield from pod.get(field) or ()


def _pod_violations(pod: PodSpec) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"{field} is true"
    for volume in pod.get("volumes") or ():
        for kind in set(volume) - {"name"} - _VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
    context = pod.get("securityContext") or {}
    if context.get("runAsUser") == 0:
        yield "the pod's runAsUser is 0"
    if context.get("sysctls"):
        yield "the pod sets sysctls"


def _of_container(container: Container, pod: PodSpec) -> Iterator[str]:
    name, own = container["name"], container.get("securityContext") or {}
    effective = {**(pod.get("securityContext") or {}), **own}
    capabilities = own.get("capabilities") or {}
    if own.get("privileged"):
        yield f"{name}: privileged is true"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation is not false"
    if "ALL" not in (capabilities.get("drop") or ()):
        yield f"{name}: capabilities do not drop ALL"
    for added in set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
        yield f"{name}: capability {added} is added"
    if effective.get("runAsNonRoot") is not True:
        yield f"{name}: runAsNonRoot is not true"
    if own.get("runAsUser") == 0:
        yield f"{name}: runAsUser is 0"
    if (effective.get("seccompProfile") or {}).get("type") not in _SECCOMP:
        yield f"{name}: seccompProfile is neither RuntimeDefault nor Localhost"
    if own.get("procMount", "Default") != "Default":
        yield f"{name}: procMount is {own['procMount']}"
    yield from _host_violations(container)


def _host_violations(container: Container) -> Iterator[str]:
    name = container["name"]
    for port in container.get("ports") or ():
        if port.get("hostPort"):
            yield f"{name}: hostPort {port['hostPort']}"
    for probe in _PROBES:
        for action in ("httpGet", "tcpSocket"):
            if ((container.get(probe) or {}).get(action) or {}).get("host"):
                yield f"{name}: {probe} names a host"
