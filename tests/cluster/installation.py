"""The chart, installed with the images in which the cluster runs our package."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.kubernetes import PATIENCE_SECONDS, Kubernetes, Object
from tests.cluster.node.run import REPOSITORY

CHART = REPOSITORY / "charts" / "transformermodel"
RELEASE, SYSTEM_NAMESPACE = "transformermodel", "transformermodel-system"


@dataclass(frozen=True)
class Release:
    """A release of the chart, installed or not."""

    kubernetes: Kubernetes
    name: str = RELEASE
    namespace: str = SYSTEM_NAMESPACE

    def install(self, values: Mapping[str, object], *flags: str, chart: Path = CHART) -> None:
        """`helm install`, waiting for the operator; values by their paths, the images' among them unless given."""
        settings = {**image_values(self.kubernetes), **values}
        self._helm("install", self.name, chart, *_set(settings), *flags, "--wait", f"--timeout={PATIENCE_SECONDS}s")

    def upgrade(self, values: Mapping[str, object], *flags: str, chart: Path = CHART) -> None:
        """`helm upgrade` with these values changed, waiting for the operator."""
        flags = (*flags, "--reset-then-reuse-values", "--wait", f"--timeout={PATIENCE_SECONDS}s")
        self._helm("upgrade", self.name, chart, *_set(values), *flags)

    def uninstall(self) -> None:
        """`helm uninstall`, if there is something to uninstall; waits until it is gone."""
        self._helm("uninstall", self.name, "--ignore-not-found", "--wait", f"--timeout={PATIENCE_SECONDS}s")

    def values(self) -> Object:
        """The values with which it was installed."""
        found: Object = json.loads(self._helm("get", "values", self.name, "--output=json"))
        return found

    def _helm(self, command: str, *arguments: object) -> str:
        return self.kubernetes.helm(command, *arguments, "--namespace", self.namespace).stdout


@contextmanager
def installed_chart(kubernetes: Kubernetes, values: Mapping[str, object]) -> Iterator[None]:
    """The chart in the operator's namespace, which is under PodSecurity `restricted` too; uninstalled afterwards."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    kubernetes.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE, "labels": labels}}
    )
    kubernetes.wait("serviceaccount", "default", SYSTEM_NAMESPACE, lambda _: True)
    release = Release(kubernetes)
    release.install(values)
    try:
        yield
    finally:
        release.uninstall()


def image_values(kubernetes: Kubernetes) -> dict[str, object]:
    """Values that name the images which the cluster has."""
    values: dict[str, object] = {}
    for component, image in (("operator", kubernetes.operator_image), ("predictor", kubernetes.predictor_image)):
        repository, _, tag = image.rpartition(":")
        values |= {f"image.{component}.repository": repository, f"image.{component}.tag": tag}
    return values


def _set(values: Mapping[str, object]) -> list[str]:
    return [f"--set-json={key}={json.dumps(value)}" for key, value in values.items()]
