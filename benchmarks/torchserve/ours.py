"""Our own server with archives, as a user starts it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.ports import free_port
from benchmarks.serving.models import PROGRAM
from benchmarks.serving.process import Server, running


@contextmanager
def serving_archives(archives: Sequence[Path], folder: Path) -> Iterator[Server]:
    """Serve archives until the block ends; what the server keeps and prints goes into a folder."""
    port = free_port()
    command = [PROGRAM, "serve", *archives, "--http-port", port, "--grpc-port", 0, "--store", folder / "store"]
    with running(command, f"http://127.0.0.1:{port}", "/v2/health/ready", folder / "ours.log") as server:
        yield server
