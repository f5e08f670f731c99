"""Writes errors in TorchServe's form. Pure."""

from typing import Any

from transformermodel_predictor.protocols.errors import (
    DefaultVersion,
    Refusal,
    UnknownArchive,
    UnknownModel,
    UnknownVersion,
    UnusableArchive,
)
from transformermodel_predictor.torchserve.call import HandlerFailed

_TYPES_BY_CAUSE = {
    UnknownModel: "ModelNotFoundException",
    UnknownVersion: "ModelVersionNotFoundException",
    UnknownArchive: "ModelNotFoundException",
    UnusableArchive: "InvalidModelException",
    DefaultVersion: "InvalidModelVersionException",
    HandlerFailed: "InternalServerException",
}
"""TorchServe's types of errors that the status alone does not determine."""

_TYPES = {
    400: "BadRequestException",
    401: "InvalidTokenException",
    404: "ResourceNotFoundException",
    405: "MethodNotAllowedException",
    409: "ConflictStatusException",
    413: "RequestEntityTooLargeException",
    415: "BadRequestException",
    503: "ServiceUnavailableException",
}


def error_document(refusal: Refusal) -> dict[str, Any]:
    """The body of an error: its status, TorchServe's name for its type, and the message."""
    kind = _TYPES_BY_CAUSE.get(refusal.cause) or _TYPES.get(refusal.status, "InternalServerException")
    return {"code": refusal.status, "type": kind, "message": refusal.message}
