"""What all children have in common: their labels and their owner."""

from typing import Any

from transformermodel_api import API_VERSION, KIND
from transformermodel_api.model import Metadata
from transformermodel_operator.objects import MODEL_LABEL

FIELD_MANAGER = "transformermodel-operator"
"""Who owns the fields that the operator applies."""


def metadata(owner: Metadata, name: str, component: str) -> dict[str, Any]:
    """Metadata of a child, which the garbage collector removes with its owner."""
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
    """Labels of a child and of its pods."""
    return {
        "app.kubernetes.io/name": "transformermodel",
        "app.kubernetes.io/instance": owner.name,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": FIELD_MANAGER,
        MODEL_LABEL: owner.name,
    }
