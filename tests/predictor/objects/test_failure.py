"""What services answer, as their own clients raise it, and what it means to the user."""

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from botocore.exceptions import ClientError
from gcsfs.retry import validate_response
from s3fs.errors import translate_boto_error

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.objects.failure import object_failures_classified
from transformermodel_predictor.objects.location import ObjectLocation
from transformermodel_predictor.objects.service import Service

LOCATION = ObjectLocation.parse("s3://models/store")
SERVICE = Service(files=None, unreachable=(TimeoutError,), unauthorized=(), upload={}, over=lambda version: {})


def s3(status: int, code: str) -> Exception:
    answer: Any = {"Error": {"Code": code, "Message": "hidden"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error: Exception = translate_boto_error(ClientError(answer, "PutObject"))
    return error


def gcs(status: int, reason: str, message: str = "hidden") -> Exception:
    document = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    try:
        validate_response(status, json.dumps({"error": document}), "b/models/o")
    except Exception as error:  # noqa: BLE001 - whatever the client makes of it
        return error
    raise AssertionError(status)


def azure(status: int, code: str) -> Exception:
    error: Any = HttpResponseError("hidden")
    error.status_code, error.error_code = status, code
    raised: Exception = error
    return raised


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (s3(403, "AccessDenied"), "Unauthorized"),
        (s3(403, "InvalidAccessKeyId"), "Unauthorized"),
        (s3(403, "SignatureDoesNotMatch"), "Unauthorized"),
        (s3(403, "QuotaExceeded"), "InsufficientStorage"),
        (s3(400, "XMinioAdminBucketQuotaExceeded"), "InsufficientStorage"),
        (s3(507, "XMinioStorageFull"), "InsufficientStorage"),
        (s3(400, "EntityTooLarge"), "InsufficientStorage"),
        (s3(404, "NoSuchBucket"), "NotFound"),
        (s3(503, "SlowDown"), "RateLimited"),
        (s3(500, "InternalError"), "Unreachable"),
        (gcs(401, "authError"), "Unauthorized"),
        (gcs(403, "forbidden", "models@ does not have storage.objects.create access"), "Unauthorized"),
        (gcs(403, "quotaExceeded", "The bucket's quota has been exceeded."), "InsufficientStorage"),
        (gcs(403, "rateLimitExceeded", "Rate Limit Exceeded: quota of requests."), "RateLimited"),
        (gcs(404, "notFound"), "NotFound"),
        (gcs(413, "uploadTooLarge"), "InsufficientStorage"),
        (gcs(429, "rateLimitExceeded"), "RateLimited"),
        (gcs(500, "", "write /data/models: no space left on device"), "InsufficientStorage"),
        (gcs(500, "backendError"), "Unreachable"),
        (gcs(503, "backendError"), "RateLimited"),
        (gcs(507, ""), "InsufficientStorage"),
        (azure(403, "AuthorizationFailure"), "Unauthorized"),
        (azure(404, "ContainerNotFound"), "NotFound"),
        (azure(413, "RequestBodyTooLarge"), "InsufficientStorage"),
        (azure(500, "InternalError"), "Unreachable"),
        (azure(503, "ServerBusy"), "RateLimited"),
        (TimeoutError(), "Unreachable"),
        (PermissionError(), "Unauthorized"),
        (FileNotFoundError("b/models/o"), "NotFound"),
    ],
    ids=repr,
)
def test_a_refusal_has_its_class_and_its_text_is_not_shown(error: Exception, reason: str) -> None:
    with pytest.raises(PreparationFailed) as caught, object_failures_classified(LOCATION, SERVICE):
        raise error
    assert caught.value.reason.name == reason
    assert str(LOCATION) in caught.value.message
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("error", [s3(404, "NoSuchBucket"), azure(404, "ContainerNotFound")], ids=repr)
def test_what_a_bucket_lacks_that_is_not_there_is_the_bucket(error: Exception) -> None:
    with pytest.raises(PreparationFailed) as caught, object_failures_classified(LOCATION, SERVICE):
        raise error
    assert caught.value.message == "s3://models/store is not there: s3://models is missing."


def test_a_fault_of_ours_stays_one() -> None:
    with pytest.raises(OSError, match="hidden"), object_failures_classified(LOCATION, SERVICE):
        raise s3(400, "InvalidArgument")


def test_an_upload_that_is_gone_after_it_failed_failed_for_the_first_reason() -> None:
    """The client, gcsfs, cleans up after a failure, and is told that there is nothing."""
    gone = FileNotFoundError("upload")
    gone.__context__ = gcs(507, "")
    with pytest.raises(PreparationFailed, match="is full") as caught, object_failures_classified(LOCATION, SERVICE):
        raise gone
    assert caught.value.reason.name == "InsufficientStorage"
