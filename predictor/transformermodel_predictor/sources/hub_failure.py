"""Turns a hub's errors into failures for the user."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.hub_access import HubAccess


@contextmanager
def hub_failures_classified(uri: str, revision: str, access: HubAccess) -> Iterator[None]:
    """Turn errors of huggingface_hub and of the connection into their failure classes."""
    try:
        yield
    except HfHubHTTPError as error:
        raise _refused(error, uri, revision, access) from error
    except HFValidationError as error:
        raise PreparationFailed(FailureReason.NotFound, f"{uri} is not a valid name of a repository.") from error
    except OfflineModeIsEnabled as error:
        raise PreparationFailed(
            FailureReason.Unreachable, f"{uri} is on a hub, and HF_HUB_OFFLINE forbids requests: unset it."
        ) from error
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        cause = str(error) or type(error).__name__
        raise PreparationFailed(
            FailureReason.Unreachable, f"the hub at {access.shown} cannot be reached ({cause})."
        ) from error


def _refused(error: HfHubHTTPError, uri: str, revision: str, access: HubAccess) -> PreparationFailed:
    """The failure for an HTTP error. Its message never contains the request, which has the token."""
    match error:
        case GatedRepoError():
            return PreparationFailed(FailureReason.Gated, f"{uri} is gated, and you have no access to its files.")
        case RevisionNotFoundError():
            return PreparationFailed(FailureReason.NotFound, f"{uri} has no revision {revision!r}.")
        case EntryNotFoundError():
            return PreparationFailed(FailureReason.NotFound, f"a file of {uri} is missing on {access.shown}.")
        case DisabledRepoError():
            return PreparationFailed(FailureReason.NotFound, f"the hub has disabled {uri}.")
        case RepositoryNotFoundError():
            private = "" if access.token else ", or it is private and needs a token"
            return PreparationFailed(FailureReason.NotFound, f"{uri} is not on {access.shown}{private}.")
        case _:
            return _refused_with(error.response.status_code, error, uri, access)


def _refused_with(status: int, error: HfHubHTTPError, uri: str, access: HubAccess) -> PreparationFailed:
    if status in (401, 403):
        whose = "the token in HF_TOKEN is not accepted" if access.token else "a token is needed"
        return PreparationFailed(FailureReason.Unauthorized, f"{uri}: {whose} by {access.shown}.")
    if status == 429:
        wait = error.response.headers.get("Retry-After")
        when = f", which asks to wait {wait} seconds" if wait else ""
        return PreparationFailed(FailureReason.RateLimited, f"{uri}: too many requests to {access.shown}{when}.")
    if status == 404:
        return PreparationFailed(FailureReason.NotFound, f"{uri} is not on {access.shown}.")
    return PreparationFailed(FailureReason.Unreachable, f"{uri}: {access.shown} answers with status {status}.")
