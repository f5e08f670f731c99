"""Downloads objects into a folder: several at once, large ones in ranges, resumed after a killed process."""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.transfer.crew import run_all
from transformermodel_predictor.transfer.landing import Landing, RemoteFile, Segment, bytes_to_come, is_whole
from transformermodel_predictor.transfer.space import require_space

_REQUESTS_AT_ONCE = 8
_READ_BYTES = 4 << 20
"""Bytes per request, which are held in memory."""


@dataclass(frozen=True)
class WantedObject:
    """An object to download, and the file it becomes.

    Attributes:
        key: in the bucket.
        file: its name in the folder, its size, and its SHA-256 if known.
    """

    key: str
    file: RemoteFile

    @classmethod
    def of(cls, key: str, name: str, size: int, sha256: str | None = None) -> "WantedObject":
        """An object of a known size."""
        return cls(key, RemoteFile(name=name, url=key, size=size, sha256=sha256))


def fetch(bucket: Bucket, wanted: Sequence[WantedObject], folder: Path, progress: Callable[[int], None]) -> None:
    """Download objects into a folder, and verify those whose hash is known.

    Bytes from an earlier attempt are not downloaded again. `progress` is called with the number of bytes present.

    Raises:
        PreparationFailed: InsufficientStorage, before anything is written; ChecksumMismatch, the bytes differ from the
            announced ones; or the service's failure.
    """
    for item in wanted:
        (folder / item.file.name).parent.mkdir(parents=True, exist_ok=True)
    require_space(sum(bytes_to_come(item.file, folder) for item in wanted), folder, str(bucket.location))
    missing = [item for item in wanted if not is_whole(folder / item.file.name, item.file)]
    with ExitStack() as stack:
        landings = [(item, stack.enter_context(closing(Landing(item.file, folder)))) for item in missing]
        there = sum(item.file.size for item in wanted) - sum(item.file.size for item in missing)
        receiver = _Receiver(bucket, there + sum(landing.received for _, landing in landings), progress)
        parts = (
            partial(receiver.receive, item.key, landing, segment)
            for item, landing in landings
            for segment in landing.segments
        )
        run_all(parts, receiver.stop, _REQUESTS_AT_ONCE, "fetch")


class _Receiver:
    """Downloads segments into their landings, and counts the bytes."""

    def __init__(self, bucket: Bucket, there: int, progress: Callable[[int], None]) -> None:
        self.stop = threading.Event()
        self._bucket = bucket
        self._there = there
        self._progress = progress
        self._counting = threading.Lock()
        progress(there)

    def receive(self, key: str, landing: Landing, segment: Segment) -> None:
        """Download the missing bytes of a segment; a complete file is verified and renamed."""
        while (start := landing.position(segment)) < segment.stop:
            if self.stop.is_set():
                return
            data = self._bucket.read_range(key, start, min(start + _READ_BYTES, segment.stop))
            if not data:
                raise PreparationFailed(
                    FailureReason.ChecksumMismatch,
                    f"{self._bucket.location.at(key)} ended after {start} of {landing.file.size} bytes.",
                )
            landing.write(segment, data)
            with self._counting:
                self._there += len(data)
                self._progress(self._there)
        landing.finish_if_whole()
