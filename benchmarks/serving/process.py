"""A server as a process of its own, with what it costs."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

START_SECONDS = 180.0


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        process: its first process.
        url: where it listens.
        started_in: seconds until it was ready.
    """

    process: psutil.Process
    url: str
    started_in: float

    def cpu_seconds(self) -> float:
        """What it and its children have used of the processors."""
        return sum(_cpu_seconds(process) for process in self._processes())

    def resident_bytes(self) -> int:
        """The memory that it and its children hold now."""
        return sum(process.memory_info().rss for process in self._processes())

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def running(
    command: Sequence[str | Path], url: str, ready: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server from when it answers `ready` until the block ends.

    Args:
        command: program and arguments.
        url: where it listens.
        ready: path that is answered with 200 once it is ready.
        log: file for what it prints.
        environment: variables besides those of this process.
    """
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        _wait(process, url + ready, started + START_SECONDS, log)
        yield Server(psutil.Process(process.pid), url, time.monotonic() - started)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # some servers leave children behind otherwise
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, deadline: float, log: Path) -> None:
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - a loopback address of our own
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise RuntimeError(f"the server at {url} is not ready:\n{log.read_text(errors='replace')[-3000:]}")


def _cpu_seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
