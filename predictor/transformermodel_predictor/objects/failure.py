"""What the refusals of object storage mean to the user."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.location import ObjectLocation
from transformermodel_predictor.objects.service import Service

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


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
    status = _http_status(error)
    if isinstance(error, FileNotFoundError) and status is None:
        # gcsfs gives up a failed upload, and the service may say that it has gone already.
        status = _http_status(error.__context__)
        if status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _of_status(status, location)
    if isinstance(error, FileNotFoundError) or status == HTTPStatus.NOT_FOUND:
        return PreparationFailed(FailureReason.NotFound, f"{location} is not there.")
    if isinstance(error, (PermissionError, *service.unauthorized)) or status in _REFUSED:
        return PreparationFailed(
            FailureReason.Unauthorized,
            f"{location} is not open to the credentials in the environment, or there are none.",
        )
    if isinstance(error, service.unreachable):
        return PreparationFailed(
            FailureReason.Unreachable, f"the storage of {location} cannot be reached ({type(error).__name__})."
        )
    return _of_status(status, location) if status is not None else None


def _of_status(status: int, location: ObjectLocation) -> PreparationFailed | None:
    if status == HTTPStatus.INSUFFICIENT_STORAGE:
        return PreparationFailed(FailureReason.InsufficientStorage, f"the storage of {location} is full.")
    if status in _BUSY:
        return PreparationFailed(
            FailureReason.RateLimited, f"the storage of {location} refuses further requests for now."
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PreparationFailed(FailureReason.Unreachable, f"the storage of {location} answers with HTTP {status}.")
    return None


def _http_status(error: BaseException | None) -> int | None:
    """The HTTP status behind an error: each client keeps it somewhere else, and some only in the error's cause."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):  # botocore
            return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
        for name in ("status_code", "code", "status"):  # azure, gcsfs, aiohttp
            value = getattr(error, name, None)
            if isinstance(value, int | str) and str(value).isdecimal():
                return int(value)
        if isinstance(error, OSError) and str(error).startswith("Forbidden"):  # gcsfs, of a 403
            return HTTPStatus.FORBIDDEN
        error = error.__cause__
    return None
