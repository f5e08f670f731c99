"""Classifies refusals of object storage as failure reasons. Pure."""

from http import HTTPStatus

from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.refusal import Refusal

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
"""Texts of a 500 by servers that store objects in a folder."""


def reason_for(refusal: Refusal) -> FailureReason | None:
    """The failure reason of a refusal; None for one that only a bug of ours can cause.

    Services report full storage in many ways: most with a status of their own, some as forbidden or as a general error
    that only a code or the text distinguishes.
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
