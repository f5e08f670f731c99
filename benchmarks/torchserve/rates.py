"""Requests per second of a handler that does nothing, here and in TorchServe, from the same archives.

python -m benchmarks.torchserve.rates [--rounds N] [--seconds S]
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.report import Result, main
from benchmarks.serving.load import Load, ask
from benchmarks.serving.process import Server
from benchmarks.torchserve.handlers import HandlerArchive, doing_nothing
from benchmarks.torchserve.ours import serving_archives
from tests.torchserve.server import serving

_CLIENTS = 16
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        name: what is asked.
        archive: which handler.
        body: what it is sent.
        bound: how many times TorchServe's rate is wanted.
    """

    name: str
    archive: HandlerArchive
    body: Path
    bound: float


def measure(rounds: int = 3, seconds: float = 4.0) -> Result:
    """Both servers run all the while and are asked in turn."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        singles, batches = doing_nothing(folder, 1), doing_nothing(folder, 8)
        small, large = folder / "small.txt", folder / "large.txt"
        small.write_text("hello\n")
        large.write_text("x" * _MEGABYTE + "\n")
        rows = [
            Row("a word, batches of 1", singles, small, 1.5),
            Row("a word, batches of 8", batches, small, 1.5),
            Row("1 MB, batches of 1", singles, large, 1.0),
        ]
        archives = [singles.path, batches.path]
        servers = {
            "transformermodel": stack.enter_context(serving_archives(archives, folder)),
            "TorchServe 0.12": stack.enter_context(_torchserve(archives, folder)),
        }
        found = {row.name: _in_turns(row, servers, rounds, seconds) for row in rows}
    return Result(_table(rows, found), [{"name": name, **rates} for name, rates in found.items()])


def _in_turns(row: Row, servers: dict[str, Server], rounds: int, seconds: float) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in servers}
    for server in servers.values():
        _ask(server, row, 1.0)
    for _ in range(rounds):
        for name, server in servers.items():
            load = _ask(server, row, seconds)
            assert load.answered == sum(load.statuses.values()), (name, row.name, load.statuses)
            rates[name].append(load.rate)
    return rates


def _ask(server: Server, row: Row, seconds: float) -> Load:
    url = f"{server.url}/predictions/{row.archive.name}"
    return ask(url, row.body, clients=_CLIENTS, seconds=seconds, content_type="application/octet-stream")


@contextmanager
def _torchserve(archives: list[Path], folder: Path) -> Iterator[Server]:
    with serving(archives, folder) as server:
        yield Server(psutil.Process(server.pid), server.url, 0.0)


def _table(rows: list[Row], found: dict[str, dict[str, list[float]]]) -> str:
    lines = [
        f"| {_CLIENTS} clients, one worker | transformermodel, requests/s | TorchServe 0.12 | times as many | wanted |",
        "|--|--|--|--|--|",
    ]
    for row in rows:
        ours, theirs = found[row.name].values()
        ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
        rates = f"{statistics.median(ours):.0f} | {statistics.median(theirs):.0f}"
        lines.append(f"| {row.name} | {rates} | {ratio:.2f} x | {row.bound} x |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(measure)
