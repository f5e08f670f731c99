"""Namespaces in which only pods are admitted that give up every privilege."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.kubernetes import Kubernetes


@contextmanager
def restricted_namespace(kubernetes: Kubernetes, prefix: str = "test") -> Iterator[str]:
    """A new namespace under PodSecurity `restricted`, deleted afterwards (which is not waited for)."""
    name = f"{prefix}-{secrets.token_hex(3)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    kubernetes.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    # Until its default ServiceAccount exists, a namespace refuses pods.
    kubernetes.wait("serviceaccount", "default", name, lambda _: True)
    try:
        yield name
    finally:
        kubernetes.kubectl("delete", "namespace", name, "--wait=false")
