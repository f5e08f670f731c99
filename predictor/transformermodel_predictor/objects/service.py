"""Clients of the object storage services.

Credentials and endpoints come from the environment alone, under the names that each service's own tools use, and are
never put into messages:

s3://  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, ..., web identity and instance roles
gs://  GOOGLE_APPLICATION_CREDENTIALS, the metadata server; FSSPEC_GS, {"token": ...} with a key instead of its file;
       STORAGE_EMULATOR_HOST, which is asked as nobody
az://  AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and a key, a token or a workload identity
"""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.location import Scheme

PART_BYTES = 16 << 20
"""Size of the parts of an upload: S3 takes 10 000 of them, and GCS wants multiples of 256 KiB."""

_PARTS_AT_ONCE = 4

_OF_SOCKETS = (ConnectionError, TimeoutError)
"""Of all services; they reach readers of a response's body unwrapped."""

_WITHOUT_CACHES = {"use_listings_cache": False, "skip_instance_cache": True}


@dataclass(frozen=True)
class Service:
    """A client, and how it differs from the others.

    Attributes:
        files: the fsspec file system.
        unreachable: exceptions that mean a failed connection.
        unauthorized: exceptions about credentials that are missing or rejected before a request is made.
        upload: arguments of an upload in parts.
        over: from a version, the arguments of a write that replaces only that version of a small object.
    """

    files: Any = field(repr=False)
    unreachable: tuple[type[BaseException], ...]
    unauthorized: tuple[type[BaseException], ...]
    upload: Mapping[str, int]
    over: Callable[[str], Mapping[str, Any]]


def connect(scheme: Scheme) -> Service:
    """Create the client of a service, without a request."""
    return _CLIENTS[scheme]()


def _s3() -> Service:
    from aiohttp import ClientPayloadError
    from botocore.exceptions import (
        ConnectionError as ConnectionFailed,
    )
    from botocore.exceptions import (
        HTTPClientError,
        IncompleteReadError,
        NoCredentialsError,
        PartialCredentialsError,
        TokenRetrievalError,
    )
    from s3fs import S3FileSystem

    return Service(
        # s3fs tries again by itself; botocore below it need not.
        files=S3FileSystem(config_kwargs={"retries": {"mode": "standard", "max_attempts": 1}}, **_WITHOUT_CACHES),
        unreachable=(ConnectionFailed, HTTPClientError, IncompleteReadError, ClientPayloadError, *_OF_SOCKETS),
        unauthorized=(NoCredentialsError, PartialCredentialsError, TokenRetrievalError),
        upload={"chunksize": PART_BYTES, "max_concurrency": _PARTS_AT_ONCE},
        over=lambda version: {"IfMatch": f'"{version}"'},
    )


def _gcs() -> Service:
    from aiohttp import ClientError
    from google.auth.exceptions import DefaultCredentialsError, RefreshError

    from transformermodel_predictor.objects.google import GoogleFileSystem

    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # it logs what it raises, with secret addresses
    nobody = {"token": "anon"} if os.environ.get("STORAGE_EMULATOR_HOST") else {}
    return Service(
        files=GoogleFileSystem(**nobody, **_WITHOUT_CACHES),
        unreachable=(ClientError, *_OF_SOCKETS),
        unauthorized=(DefaultCredentialsError, RefreshError),
        upload={"chunksize": PART_BYTES},
        over=lambda version: {"generation": version},
    )


def _azure() -> Service:
    from adlfs import AzureBlobFileSystem
    from azure.core import MatchConditions
    from azure.core.exceptions import (
        ClientAuthenticationError,
        IncompleteReadError,
        ServiceRequestError,
        ServiceResponseError,
    )

    try:
        files = AzureBlobFileSystem(**_WITHOUT_CACHES)
    except ValueError as error:
        raise PreparationFailed(
            FailureReason.Unauthorized,
            "az:// needs AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT_NAME in the environment.",
        ) from error
    return Service(
        files=files,
        unreachable=(ServiceRequestError, ServiceResponseError, IncompleteReadError, *_OF_SOCKETS),
        unauthorized=(ClientAuthenticationError,),
        upload={"max_concurrency": _PARTS_AT_ONCE},
        over=lambda version: {"etag": f'"{version}"', "match_condition": MatchConditions.IfNotModified},
    )


_CLIENTS: Mapping[Scheme, Callable[[], Service]] = {Scheme.S3: _s3, Scheme.GCS: _gcs, Scheme.Azure: _azure}
