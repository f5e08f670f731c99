"""What the refusals of object storage mean to the user."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.location import ObjectLocation
from transformermodel_predictor.objects.refusal import Refusal, refusal_of
from transformermodel_predictor.objects.service import Service

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_FULL = (HTTPStatus.INSUFFICIENT_STORAGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_SERVER_ERRORS = range(500, 600)

_BUSY_CODES = frozenset(
    {"SlowDown", "ServerBusy", "RequestLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"}
)
_FULL_CODES = frozenset(
    {
        "EntityTooLarge",  # S3: the object is larger than any may be
        "QuotaExceeded",  # Ceph and versitygw, with 403
        "XMinioAdminBucketQuotaExceeded",  # MinIO, with 400
        "XMinioStorageFull",  # MinIO, with 507
        "quotaExceeded",  # Google, with 403
        "uploadTooLarge",  # Google, with 413
    }
)
_FULL_TEXT = "no space left on device"
"""What servers over a folder say with 500."""

_MESSAGES = {
    FailureReason.NotFound: "{location} is not there.",
    FailureReason.Unauthorized: "{location} is not open to the credentials in the environment, or there are none.",
    FailureReason.InsufficientStorage: "the storage of {location} is full.",
    FailureReason.RateLimited: "the storage of {location} refuses further requests for now.",
    FailureReason.Unreachable: "the storage of {location} answers with HTTP {status}.",
}


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
    if refusal is not None and (reason := reason_for(refusal)) is not None:
        return PreparationFailed(reason, _MESSAGES[reason].format(location=location, status=refusal.status))
    if isinstance(error, FileNotFoundError):
        return _not_found(location)
    if isinstance(error, (PermissionError, *service.unauthorized)):
        return PreparationFailed(
            FailureReason.Unauthorized, _MESSAGES[FailureReason.Unauthorized].format(location=location)
        )
    if isinstance(error, service.unreachable):
        return PreparationFailed(
            FailureReason.Unreachable, f"the storage of {location} cannot be reached ({type(error).__name__})."
        )
    return None


def reason_for(refusal: Refusal) -> FailureReason | None:
    """The class of a refusal; None for one that only a fault of ours can cause.

    A service that is full says so in many ways: most have a status of their own, some give the one that means that
    the caller may not write, or a general one, and tell by a code or only by their text.
    """
    says = refusal.text.lower()
    forbidden = refusal.status == HTTPStatus.FORBIDDEN  # gcsfs keeps nothing of Google's codes here
    if refusal.codes & _BUSY_CODES or (forbidden and "rate limit" in says):
        return FailureReason.RateLimited
    full = (forbidden and "quota" in says) or (refusal.status in _SERVER_ERRORS and _FULL_TEXT in says)
    if refusal.status in _FULL or refusal.codes & _FULL_CODES or full:
        return FailureReason.InsufficientStorage
    if refusal.status == HTTPStatus.NOT_FOUND:
        return FailureReason.NotFound
    if refusal.status in _REFUSED:
        return FailureReason.Unauthorized
    if refusal.status in _BUSY:
        return FailureReason.RateLimited
    return FailureReason.Unreachable if refusal.status in _SERVER_ERRORS else None


def _not_found(location: ObjectLocation) -> PreparationFailed:
    return PreparationFailed(FailureReason.NotFound, _MESSAGES[FailureReason.NotFound].format(location=location))
