"""TorchServe's form of an error. Pure."""

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

_OF_CAUSES = {
    UnknownModel: "ModelNotFoundException",
    UnknownVersion: "ModelVersionNotFoundException",
    UnknownArchive: "ModelNotFoundException",
    UnusableArchive: "InvalidModelException",
    DefaultVersion: "InvalidModelVersionException",
    HandlerFailed: "InternalServerException",
}
"""Where the status alone does not say it."""

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
    """The body of an error: its status, TorchServe's name of it, and the message."""
    kind = _OF_CAUSES.get(refusal.cause) or _TYPES.get(refusal.status, "InternalServerException")
    return {"code": refusal.status, "type": kind, "message": refusal.message}
