"""metrics-server beside the node: the use of CPU and memory, from the kubelet, for those who scale."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cluster.node.certificates import Authority
from tests.cluster.node.machine import Machine
from tests.cluster.node.processes import Component, NodeFailed, wait_until
from tests.cluster.node.run import PROGRAMS

_NAME, _NAMESPACE = "metrics-server", "kube-system"
_HOST = f"{_NAME}.{_NAMESPACE}.svc"
_API = "v1beta1.metrics.k8s.io"


@contextmanager
def running(machine: Machine) -> Iterator[None]:
    """metrics-server and its API, which is there when the block begins and gone when it has ended.

    An API that does not answer would hold up the end of every namespace.

    Raises:
        NodeFailed: it did not start.
    """
    authority = Authority(machine.run.certificates)
    component = _start(machine, authority)
    objects = json.dumps(_objects(machine, authority))
    try:
        _kubectl(machine, "apply", "--filename=-", given=objects)
        wait_until(lambda: _answers(machine), "answer from metrics-server", seconds=120, components=(component,))
        yield
    finally:
        _kubectl(machine, "delete", "--filename=-", given=objects)
        component.process.terminate()
        component.process.wait()


def _start(machine: Machine, authority: Authority) -> Component:
    run = machine.run
    # To the API server and to the kubelet it is an administrator: who may read metrics is not what is tested with it.
    client = authority.issue(f"{_NAME}-client", f"/O=system:masters/CN={_NAME}")
    server = authority.issue(_NAME, f"/CN={_NAME}", (f"DNS:{_HOST}",))
    kubeconfig = run.configuration / f"{_NAME}.kubeconfig"
    authority.write_kubeconfig(kubeconfig, run.addresses.api, client)
    return machine.start(
        _NAME,
        *("setpriv", "--pdeathsig=TERM", "--", PROGRAMS / _NAME),  # it ends when what has started it does
        *(f"--{purpose}kubeconfig={kubeconfig}" for purpose in ("", "authentication-", "authorization-")),
        f"--bind-address={run.addresses.node}",
        f"--secure-port={run.addresses.metrics_port}",
        f"--tls-cert-file={server.certificate}",
        f"--tls-private-key-file={server.key}",
        f"--kubelet-certificate-authority={authority.certificate}",
        "--kubelet-preferred-address-types=InternalIP",
        "--metric-resolution=10s",  # no less is accepted
        "--kubelet-request-timeout=9s",
    )


def _objects(machine: Machine, authority: Authority) -> dict[str, Any]:
    """Its Service, which leads to the node, and the API that is found there."""
    addresses, metadata = machine.run.addresses, {"name": _NAME, "namespace": _NAMESPACE}
    service = {"ports": [{"name": "https", "port": 443, "targetPort": addresses.metrics_port}]}
    slice_of_service = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": _NAME}},
        "addressType": "IPv4",
        "ports": [{"name": "https", "port": addresses.metrics_port}],
        "endpoints": [{"addresses": [addresses.node], "conditions": {"ready": True}}],
    }
    version, _, group = _API.partition(".")
    api = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": _API},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": metadata,
            "caBundle": base64.b64encode(authority.certificate.read_bytes()).decode(),
        },
    }
    items = [{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service}, slice_of_service, api]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _answers(machine: Machine) -> bool:
    """Whether the API server reaches it; it knows of the use of CPU when it has looked twice."""
    return machine.kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1").returncode == 0


def _kubectl(machine: Machine, *arguments: str, given: str) -> None:
    done = machine.kubectl(*arguments, text_input=given)
    if done.returncode:
        raise NodeFailed(f"kubectl {' '.join(arguments)} failed: {done.stderr}")
