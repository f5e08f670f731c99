"""How fast a large file comes from a hub, next to curl, and how fast it is hashed.

    python -m benchmarks.download [--runs N] [--megabytes N]

A server process of its own serves the file over loopback with sendfile, so that it is not the limit. Ours and curl take
turns, each into a new file on the same disk. Ours: what a hub source does with every file, in ranges, several at once,
hashed; curl: one request, not hashed. Hashing: one pass of SHA-256 over the file in the kernel's cache.
"""

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measurement import Figure
from benchmarks.report import Result, main

LEAST_SHARE_OF_CURL = 80
"""In per cent."""

LEAST_HASHING = 1.0
"""In GB/s."""

_WRITTEN_AT_ONCE = 1 << 20


def measure(runs: int = 5, megabytes: int = 1000) -> Result:
    """Fetch a file `runs` times in turns with curl.

    Raises:
        RuntimeError: there is no curl.
    """
    if shutil.which("curl") is None:
        raise RuntimeError("downloads are compared with curl's: install curl")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        file = _random_file(place / "file", megabytes)
        checksum = _sha256(file)
        with _serving(file) as url:
            pairs = [_pair(url, file, checksum, place) for _ in range(runs + 1)][1:]  # the first fills caches
        hashing = tuple(megabytes / 1000 / _timed(lambda: _sha256(file)) for _ in range(runs))
    ours, curls = (tuple(megabytes / seconds for seconds in column) for column in zip(*pairs, strict=True))
    share = 100 * statistics.median(ours) / statistics.median(curls)
    return Result.of(
        [
            Figure(f"download of {megabytes} MB, hashed", "MB/s", ours),
            Figure("curl's of the same file, not hashed", "MB/s", curls),
            Figure(f"ours as a share of curl's, medians (at least {LEAST_SHARE_OF_CURL} %)", "%", (share,)),
            Figure(f"SHA-256 in one pass (at least {LEAST_HASHING:g} GB/s)", "GB/s", hashing),
        ]
    )


def _pair(url: str, file: Path, checksum: str, place: Path) -> tuple[float, float]:
    """Seconds of our download and of curl's, one after the other, each into a new folder."""
    for name in ("ours", "curl"):
        shutil.rmtree(place / name, ignore_errors=True)
    return (
        _timed(lambda: _download(url, file.stat().st_size, checksum, place / "ours")),
        _timed(lambda: _curl(url, place / "curl")),
    )


def _download(url: str, size: int, checksum: str, folder: Path) -> None:
    from transformermodel_predictor.transfer.download import download
    from transformermodel_predictor.transfer.landing import RemoteFile
    from transformermodel_predictor.transfer.retries import Retries

    file = RemoteFile("file", url, size, sha256=checksum)
    download([file], folder, {"Accept-Encoding": "identity"}, lambda _: None, Retries())


def _curl(url: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    subprocess.run(["curl", "--silent", "--fail", "--output", str(folder / "file"), url], check=True)


def _timed(work: Callable[[], object]) -> float:
    """Seconds of a piece of work; nothing of an earlier one is still being written."""
    os.sync()
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _random_file(file: Path, megabytes: int) -> Path:
    block = os.urandom(_WRITTEN_AT_ONCE)
    with file.open("wb") as stream:
        for _ in range(megabytes * 1_000_000 // len(block)):
            stream.write(block)
        stream.write(block[: megabytes * 1_000_000 % len(block)])
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _serving(file: Path) -> Iterator[str]:
    """The url of a file while a process serves it."""
    command = [sys.executable, "-m", "benchmarks.range_server", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/file"
        finally:
            server.terminate()


if __name__ == "__main__":
    main(measure)
