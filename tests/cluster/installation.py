"""The chart, installed with the images in which the cluster runs our package."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.cluster.kubernetes import PATIENCE_SECONDS, Kubernetes
from tests.cluster.node.run import REPOSITORY

CHART = REPOSITORY / "charts" / "transformermodel"
RELEASE, SYSTEM_NAMESPACE = "transformermodel", "transformermodel-system"


@contextmanager
def installed_chart(kubernetes: Kubernetes, values: Mapping[str, object]) -> Iterator[None]:
    """`helm install`, waiting for the operator; `helm uninstall` afterwards.

    The operator's namespace is under PodSecurity `restricted` too.
    """
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    kubernetes.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE, "labels": labels}}
    )
    kubernetes.wait("serviceaccount", "default", SYSTEM_NAMESPACE, lambda _: True)
    images = {"operator": kubernetes.operator_image, "predictor": kubernetes.predictor_image}
    settings = {**_image_values(images), **values}
    flags = [f"--set-json={key}={json.dumps(value)}" for key, value in settings.items()]
    where = ("--namespace", SYSTEM_NAMESPACE)
    kubernetes.helm("install", RELEASE, CHART, *where, *flags, "--wait", f"--timeout={PATIENCE_SECONDS}s")
    try:
        yield
    finally:
        kubernetes.helm("uninstall", RELEASE, *where, "--wait")


def _image_values(images: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for component, image in images.items():
        repository, _, tag = image.rpartition(":")
        values |= {f"image.{component}.repository": repository, f"image.{component}.tag": tag}
    return values
