"""Downloads files over HTTP into a folder: several at once, large ones in ranges, resumed after a killed process.

huggingface_hub's own download starts from the first byte after its process was killed, and leaves the old part behind.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import httpx2
from huggingface_hub import hf_raise_for_status

from transformermodel_predictor.transfer.crew import run_all
from transformermodel_predictor.transfer.landing import Landing, RemoteFile, Segment, damaged, is_whole
from transformermodel_predictor.transfer.retries import Retries
from transformermodel_predictor.transfer.transport import client

_CONNECTIONS = 8
"""Concurrent requests, which bounds memory: each holds one chunk of at most 1 MiB."""

_TIMEOUT_SECONDS = 30.0
_TOLD_EVERY_BYTES = 1 << 20


def download(
    files: Sequence[RemoteFile],
    folder: Path,
    headers: Mapping[str, str],
    progress: Callable[[int], None],
    retries: Retries,
) -> None:
    """Download files into a folder and verify them; `progress` is called with the number of bytes present.

    Raises:
        PreparationFailed: ChecksumMismatch, the bytes differ from the source's.
        huggingface_hub.errors.HfHubHTTPError: the server refused.
        httpx2.TransportError: the connection failed, and a new one made no progress.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [file for file in files if not is_whole(folder / file.name, file)]
    with ExitStack() as stack, client(_CONNECTIONS, _TIMEOUT_SECONDS) as session:
        landings = [stack.enter_context(closing(Landing(file, folder))) for file in missing]
        there = sum(file.size for file in files) - sum(file.size for file in missing)
        tally = _Tally(there + sum(landing.received for landing in landings), progress)
        receiver = _Receiver(session, headers, tally, retries)
        parts = (partial(receiver.fetch, landing, segment) for landing in landings for segment in landing.segments)
        run_all(parts, receiver.stop, _CONNECTIONS, "download")
        tally.tell()


class _Tally:
    """Counts the bytes present, for several threads."""

    def __init__(self, there: int, progress: Callable[[int], None]) -> None:
        self._there = self._told = there
        self._progress = progress
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Count more bytes; progress is reported now and then."""
        with self._lock:
            self._there += count
            if self._there - self._told < _TOLD_EVERY_BYTES:
                return
            self._told = self._there
            self._progress(self._there)

    def tell(self) -> None:
        """Report the current progress."""
        self._progress(self._there)


class _Receiver:
    """Downloads segments into their landings."""

    def __init__(self, session: httpx2.Client, headers: Mapping[str, str], tally: _Tally, retries: Retries) -> None:
        self.stop = threading.Event()
        self._session = session
        self._headers = headers
        self._tally = tally
        self._retries = retries

    def fetch(self, landing: Landing, segment: Segment) -> None:
        """Download a segment. A connection that breaks is opened again as long as each makes progress."""
        while (there := landing.position(segment)) < segment.stop:
            try:
                self._retries.run(lambda: self._receive(landing, segment), self.stop)
            except httpx2.TransportError:
                if landing.position(segment) <= there:
                    raise
            if self.stop.is_set():
                return
            if landing.position(segment) <= there:
                raise httpx2.RemoteProtocolError(f"the server sent nothing of {landing.file.name} after byte {there}")
        landing.finish_if_whole()

    def _receive(self, landing: Landing, segment: Segment) -> None:
        file, position = landing.file, landing.position(segment)
        with self._response(file, position, segment.stop) as response:
            ahead = 0 if response.status_code == httpx2.codes.PARTIAL_CONTENT else position
            for chunk in response.iter_bytes():  # as it comes: what was received before a break is kept
                wanted = memoryview(chunk)[ahead : ahead + segment.stop - landing.position(segment)]
                ahead = max(0, ahead - len(chunk))
                landing.write(segment, wanted)
                self._tally.add(len(wanted))
                if self.stop.is_set() or landing.position(segment) == segment.stop:
                    return

    @contextmanager
    def _response(self, file: RemoteFile, start: int, stop: int) -> Iterator[httpx2.Response]:
        """The response to a range request; a server without range support sends the whole file."""
        headers = dict(self._headers)
        if (start, stop) != (0, file.size):
            headers["Range"] = f"bytes={start}-{stop - 1}"
        with self._session.stream("GET", file.url, headers=headers) as response:
            if response.is_error:
                response.read()
            hf_raise_for_status(response)
            if file.validator is not None and response.headers.get(file.validator[0]) != file.validator[1]:
                raise damaged(file.name)
            if response.status_code == httpx2.codes.PARTIAL_CONTENT:
                _require_range(response, start)
            yield response


def _require_range(response: httpx2.Response, start: int) -> None:
    """Refuse a response with another start: its bytes would be written to the wrong place."""
    sent = response.headers.get("Content-Range", "")
    if not sent.startswith(f"bytes {start}-"):
        raise httpx2.RemoteProtocolError(f"asked for what follows byte {start}, the server sent {sent!r}")
