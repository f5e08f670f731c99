"""Turns errors of object storage into failures for the user."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.location import ObjectLocation
from transformermodel_predictor.objects.reason import reason_for
from transformermodel_predictor.objects.refusal import causes, refusal_of
from transformermodel_predictor.objects.service import Service

_MESSAGES = {
    FailureReason.NotFound: "{location} is not there.",
    FailureReason.Unauthorized: "{location} is not open to the credentials in the environment, or there are none.",
    FailureReason.InsufficientStorage: "the storage of {location} is full.",
    FailureReason.RateLimited: "the storage of {location} refuses further requests for now.",
    FailureReason.Unreachable: "the storage of {location} answers with HTTP {status}.",
}

_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound"})
"""Codes of S3 and Azure for a missing bucket, rather than a missing object."""


@contextmanager
def object_failures_classified(location: ObjectLocation, service: Service) -> Iterator[None]:
    """Turn errors of a service into their failure classes.

    The services' own texts can hold signatures and addresses with tokens: they stay out of messages.
    """
    try:
        yield
    except PreparationFailed:
        raise
    except Exception as error:
        failure = _failure(error, location, service)
        if failure is None:
            raise
        raise failure from error


def _failure(error: Exception, location: ObjectLocation, service: Service) -> PreparationFailed | None:
    refusal = refusal_of(error)
    if isinstance(error, FileNotFoundError) and refusal is None:
        # gcsfs gives up a failed upload, and the service may say that it has gone already.
        refusal = refusal_of(error.__context__)
        if refusal is None or refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _not_found(location)
    if refusal is not None and refusal.codes & _NO_BUCKET:
        bucket = replace(location, key="")
        return PreparationFailed(FailureReason.NotFound, f"{location} is not there: {bucket} is missing.")
    if refusal is not None and (reason := reason_for(refusal)) is not None:
        return PreparationFailed(reason, _MESSAGES[reason].format(location=location, status=refusal.status))
    if isinstance(error, FileNotFoundError):
        return _not_found(location)
    if isinstance(error, (PermissionError, *service.unauthorized)):
        return PreparationFailed(
            FailureReason.Unauthorized, _MESSAGES[FailureReason.Unauthorized].format(location=location)
        )
    for each in causes(error):
        if isinstance(each, service.unreachable):
            return PreparationFailed(
                FailureReason.Unreachable, f"the storage of {location} cannot be reached ({type(each).__name__})."
            )
    return None


def _not_found(location: ObjectLocation) -> PreparationFailed:
    return PreparationFailed(FailureReason.NotFound, _MESSAGES[FailureReason.NotFound].format(location=location))
