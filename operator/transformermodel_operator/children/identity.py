"""Labels and owner references, which all owned objects have in common."""

from typing import Any

from transformermodel_api import API_VERSION, KIND
from transformermodel_api.model import Metadata
from transformermodel_operator.objects import MODEL_LABEL

FIELD_MANAGER = "transformermodel-operator"
"""Field manager of the operator's server-side apply."""


def metadata(owner: Metadata, name: str, component: str) -> dict[str, Any]:
    """Metadata of an owned object; through its owner reference the garbage collector removes it with its owner."""
    return {
        "name": name,
        "namespace": owner.namespace,
        "labels": labels(owner, component),
        "ownerReferences": [
            {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "name": owner.name,
                "uid": owner.uid,
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def labels(owner: Metadata, component: str) -> dict[str, str]:
    """Labels of an owned object and of its pods."""
    return {
        "app.kubernetes.io/name": "transformermodel",
        "app.kubernetes.io/instance": owner.name,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": FIELD_MANAGER,
        MODEL_LABEL: owner.name,
    }
