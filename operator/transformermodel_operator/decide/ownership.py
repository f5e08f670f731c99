"""Determines the owner of an object."""

from collections.abc import Mapping
from enum import Enum, auto

from transformermodel_api import KIND
from transformermodel_api.model import Metadata
from transformermodel_operator.children.inference_service import deployment_name
from transformermodel_operator.objects import DEPLOYMENT, INFERENCE_SERVICE, Document, Reference, controller
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal


class Ownership(Enum):
    """Whose a child is, from its model's point of view."""

    Ours = auto()
    Leftover = auto()
    """Of a deleted model with the same name; the garbage collector is about to remove it."""
    Foreign = auto()


def ownership(document: Document, owner: Metadata) -> Ownership:
    """The ownership of an object, by its controller."""
    found = controller(document)
    if found is None:
        return Ownership.Foreign
    if found["uid"] == owner.uid:
        return Ownership.Ours
    return Ownership.Leftover if (found["kind"], found["name"]) == (KIND, owner.name) else Ownership.Foreign


def service_of(owner: Metadata) -> Reference:
    """The InferenceService that a model has, or is to have."""
    return Reference(INFERENCE_SERVICE, owner.namespace, owner.name)


def deployment_of(owner: Metadata) -> Reference:
    """The Deployment that KServe makes of a model's InferenceService."""
    return Reference(DEPLOYMENT, owner.namespace, deployment_name(owner.name))


def is_of_service(deployment: Document, service: Reference) -> bool:
    """Whether KServe has made a Deployment of an InferenceService of this name, be it deleted since."""
    found = controller(deployment)
    return found is not None and (found["kind"], found["name"]) == (service.kind.name, service.name)


def name_taken(reference: Reference, model_name: str) -> Refusal:
    """The refusal for an object of the same name that is not ours, which is left alone."""
    return Refusal(
        Reason.NameTaken,
        f"{reference} exists already and does not belong to this model, so it is left alone. "
        f"Rename or delete it, or give the TransformerModel {model_name} another name.",
    )


def refusal_of(
    document: Document | None, reference: Reference, owner: Metadata, refusals: Mapping[Reference, Refusal]
) -> Refusal | None:
    """Why an object must not be written, as far as it is known."""
    if document is not None and ownership(document, owner) is Ownership.Foreign:
        return name_taken(reference, owner.name)
    return refusals.get(reference)
