"""What the stores keep of each kind: only what decisions need. The rest would be most of the memory."""

from collections.abc import Mapping
from typing import Any

from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.objects import Document

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def of_model(document: Document) -> Document:
    """A model without its fields' owners, and without kubectl's copy of it."""
    return {**document, "metadata": _metadata(document, ())}


def of_child(document: Document) -> Document:
    """A child that the operator writes, with its own list of fields: what is in it and not wanted is removed."""
    return {**document, "metadata": _metadata(document, (FIELD_MANAGER,))}


def of_deployment(document: Document) -> Document:
    """A Deployment, which KServe writes: of its pods only what they are called by."""
    template = {"metadata": document["spec"]["template"].get("metadata") or {}}
    return {**document, "metadata": _metadata(document, ()), "spec": {**document["spec"], "template": template}}


def _metadata(document: Document, managers: tuple[str, ...]) -> Mapping[str, Any]:
    """The metadata with the field lists of these managers alone: they are long, and nobody reads the others."""
    metadata = dict(document["metadata"])
    fields = [entry for entry in metadata.pop("managedFields", None) or () if entry.get("manager") in managers]
    if fields:
        metadata["managedFields"] = fields
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _LAST_APPLIED}
    return metadata
