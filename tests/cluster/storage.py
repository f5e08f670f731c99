"""Volumes that pods share: folders of this machine behind PersistentVolumeClaims."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.kubernetes import Kubernetes, Object


@dataclass(frozen=True)
class VolumeClaim:
    """A bound claim, and the folder of this machine in which its files are."""

    name: str
    folder: Path


@contextmanager
def volume_claim(kubernetes: Kubernetes, namespace: str, name: str, size: str = "10Gi") -> Iterator[VolumeClaim]:
    """A claim that many pods may read and write, bound to a folder of its own.

    Everybody may write to the folder: Kubernetes does not hand folders of the node over to a pod's group.
    """
    volume = f"{namespace}-{name}"
    folder = kubernetes.machine.run.volumes / volume
    folder.mkdir()
    folder.chmod(0o777)
    kubernetes.apply(_objects(volume, namespace, name, folder, size))
    kubernetes.wait("persistentvolumeclaim", name, namespace, _bound)
    try:
        yield VolumeClaim(name, folder)
    finally:
        kubernetes.kubectl("delete", "persistentvolume", volume, "--wait=false")


def _bound(claim: Object) -> bool:
    return bool(claim.get("status", {}).get("phase") == "Bound")


def _objects(volume: str, namespace: str, claim: str, folder: Path, size: str) -> list[Object]:
    shared: Object = {"storageClassName": "", "accessModes": ["ReadWriteMany"]}
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume},
            "spec": {
                **shared,
                "capacity": {"storage": size},
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"namespace": namespace, "name": claim},
                "hostPath": {"path": str(folder), "type": "Directory"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim, "namespace": namespace},
            "spec": {**shared, "volumeName": volume, "resources": {"requests": {"storage": size}}},
        },
    ]
