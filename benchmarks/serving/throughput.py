"""Answers per second with many clients: our server, its bare engine and its peers, in turn.

python -m benchmarks.serving.throughput [--rounds N] [--seconds S]
"""

import os
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.report import Result, main
from benchmarks.serving import raw, rivals
from benchmarks.serving.models import PreparedModel, prepare
from benchmarks.serving.rivals import Rival
from benchmarks.serving.texts import make_texts, write_lines

CLIENTS = 32
_TEXTS = 960
_FORMS = (("Packed", "BFloat16"), ("Packed", "Float32"), ("Pretrained", "Float32"))


@dataclass(frozen=True)
class Row:
    """One way to answer, over all rounds.

    Attributes:
        name: what answered.
        rates: answers per second, one figure per round.
        cpu: processor seconds per answer, one figure per round.
        p50: median latency in milliseconds, one figure per round; empty without a server.
        failed: requests that were not answered with 200.
    """

    name: str
    rates: tuple[float, ...]
    cpu: tuple[float, ...]
    p50: tuple[float, ...] = ()
    failed: int = 0


def measure(rounds: int = 3, seconds: float = 10.0) -> Result:
    """Ask everybody in every round; a round's order is that of the rows."""
    threads = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        models = [prepare(folder, *form) for form in _FORMS]
        plain = models[-1]
        texts = make_texts(AutoTokenizer.from_pretrained(plain.path), _TEXTS)
        lines = write_lines(texts, folder / "texts.txt")
        servers = [
            *(stack.enter_context(rivals.ours(model, texts, folder)) for model in models),
            stack.enter_context(rivals.pipeline(plain, texts, folder)),
            stack.enter_context(rivals.mlserver_runtime(plain, texts, folder, threads)),
            stack.enter_context(rivals.torchserve(plain, texts, folder, threads)),
        ]
        for server in servers:
            server.ask(CLIENTS, 3)  # the first answers of some are much slower
        rows = _rounds(models, servers, lines, rounds, seconds)
    return Result(table(rows), [asdict(row) for row in rows])


def _rounds(
    models: Sequence[PreparedModel], servers: Sequence[Rival], lines: Path, rounds: int, seconds: float
) -> list[Row]:
    engines: dict[str, list[raw.Raw]] = {}
    asked: dict[str, list[tuple[float, float, float, int]]] = {}
    for _ in range(rounds):
        for model in models:
            name = f"the engine alone, {model.engine.lower()} {model.precision.lower()}"
            engines.setdefault(name, []).append(raw.measure(model.path, lines, seconds))
        for server in servers:
            asked.setdefault(server.name, []).append(_ask(server, seconds))
    return [
        *(_engine_row(name, runs) for name, runs in engines.items()),
        *(_server_row(name, runs) for name, runs in asked.items()),
    ]


def _ask(server: Rival, seconds: float) -> tuple[float, float, float, int]:
    before = server.server.cpu_seconds()
    load = server.ask(CLIENTS, seconds)
    used = server.server.cpu_seconds() - before
    failed = sum(count for status, count in load.statuses.items() if status != "200")
    return load.rate, used / max(1, load.answered), load.p50, failed


def _engine_row(name: str, runs: Sequence[raw.Raw]) -> Row:
    return Row(name, tuple(run.rate for run in runs), tuple(run.cpu for run in runs))


def _server_row(name: str, runs: Sequence[tuple[float, float, float, int]]) -> Row:
    rates, cpu, p50, failed = zip(*runs, strict=True)
    return Row(name, rates, cpu, p50, sum(failed))


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, with our first form's rate as a multiple of each row's."""
    first = next(row for row in rows if row.name.startswith("transformermodel"))
    lines = [
        f"| {CLIENTS} clients | answers/s, median (lowest-highest) | ms of processor each | p50 ms | failed | "
        f"{first.name} is |",
        "|--|--|--|--|--|--|",
    ]
    for row in rows:
        rate = statistics.median(row.rates)
        p50 = f"{statistics.median(row.p50):.0f}" if row.p50 else ""
        ratio = statistics.median(ours / theirs for ours, theirs in zip(first.rates, row.rates, strict=True))
        lines.append(
            f"| {row.name} | {rate:.0f} ({min(row.rates):.0f}-{max(row.rates):.0f}) | "
            f"{1000 * statistics.median(row.cpu):.2f} | {p50} | {row.failed} | {ratio:.2f} x |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main(measure)
