"""How long a newcomer waits: from the start of `transformermodel serve` to the first answer.

    python -m benchmarks.first_answer [--runs N]

Each run starts the real program on the sentiment example twice: with an empty store (prepare and serve) and again (find
and serve). What `make run` does before the first time, installing, is not part of it.
"""

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.measurement import Figure
from benchmarks.ports import free_port
from benchmarks.report import Result, main

PROGRAM = Path(sys.executable).parent / "transformermodel"
EXAMPLE = Path("examples/sentiment")
DEADLINE_SECONDS = 120.0


def measure(runs: int = 5) -> Result:
    """Start the example `runs` times from nothing and as often from a filled store."""
    fresh, found = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as store:
            fresh.append(_seconds_to_first_answer(store))
            found.append(_seconds_to_first_answer(store))
    return Result.of(
        [
            Figure("first answer, nothing prepared", "s", tuple(fresh)),
            Figure("first answer, prepared before", "s", tuple(found), bound=12),
        ]
    )


def _seconds_to_first_answer(store: str) -> float:
    port = free_port()
    command = [str(PROGRAM), "serve", str(EXAMPLE / "model.yaml"), "--http-port", str(port), "--store", store]
    started = time.monotonic()
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _await_answer(f"http://127.0.0.1:{port}/v1/models/sentiment:predict", started + DEADLINE_SECONDS)
        return time.monotonic() - started
    finally:
        server.terminate()
        server.wait(timeout=30)


def _await_answer(url: str, deadline: float) -> None:
    body = (EXAMPLE / "request.v1.json").read_bytes()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - a loopback address of our own
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


if __name__ == "__main__":
    main(measure)
