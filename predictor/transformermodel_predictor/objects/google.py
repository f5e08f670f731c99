"""gcsfs with what it has no settings for: number of retries, errors not to retry, and conditional writes."""

from typing import Any
from urllib.parse import quote

# Not gcsfs.GCSFileSystem: before its first request that one asks another service, over gRPC, what kind of bucket it is,
# which takes minutes where only the storage API can be reached.
from gcsfs.core import GCSFileSystem
from gcsfs.retry import HttpError, NonRetryableError, retry_request

from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.reason import reason_for
from transformermodel_predictor.objects.refusal import refusal_of

_ATTEMPTS = 4
"""With pauses of 1, 2 and 4 seconds plus up to 1 second of jitter; gcsfs's own six attempts take 35 seconds."""

_ask = GCSFileSystem._request.__wrapped__
"""A single request, without gcsfs's retry decorator."""


class GoogleFileSystem(GCSFileSystem):  # type: ignore[misc] # gcsfs has no types
    """Tries a request four times, but only once if the storage is full.

    On a retry the service has forgotten the parts of the upload, and answers that there is no such upload: the real
    reason would be lost.
    """

    @retry_request(retries=_ATTEMPTS)  # type: ignore[untyped-decorator] # gcsfs has no types
    async def _request(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        try:
            return await _ask(self, *arguments, **options)
        except HttpError as error:
            refusal = refusal_of(error)
            if refusal is not None and reason_for(refusal) is FailureReason.InsufficientStorage:
                raise NonRetryableError from error
            raise

    async def _pipe_file(self, path: str, data: bytes, generation: str | None = None, **options: Any) -> Any:  # noqa: ANN401
        """Write an object; if a generation is given, only over that one."""
        if generation is None:
            return await super()._pipe_file(path, data, **options)
        bucket, key, _ = self.split_path(path)
        return await self._call(
            "POST",
            f"{self._location}/upload/storage/v1/b/{quote(bucket)}/o",
            uploadType="media",
            name=key,
            ifGenerationMatch=generation,
            headers={"Content-Type": "application/octet-stream"},
            data=data,
            json_out=True,
        )
