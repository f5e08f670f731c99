"""What our server adds to the engine: one client at a time, and frames around a model that does nothing.

A frame costs more around a model that does something, whose weights drive the frame's own code out of the processor's
caches; so reading a request is timed by itself and right after an answer too. What no server in Python can do without
is seen from an ASGI application that calls the engine in place.

python -m benchmarks.serving.latency [--rounds N] [--seconds S]
"""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.report import Result, main
from benchmarks.serving import one_by_one, rivals
from benchmarks.serving.models import PreparedModel, prepare
from benchmarks.serving.one_by_one import OneByOne
from benchmarks.serving.texts import make_texts, write_lines

_FRAMES = ("own_frame", "kserve_frame", "bare_asgi")
_TEXTS = 200
_FRAME_CLIENTS = 16


def measure(rounds: int = 5, seconds: float = 5.0) -> Result:
    """One client, then the frames; two tables."""
    single, frames = _one_client(rounds, seconds), _frames(rounds, seconds)
    return Result(f"{single.table}\n\n{frames.table}", [*single.values, *frames.values])


@dataclass(frozen=True)
class _Round:
    """The engine alone, and beside it the p50 of one client over HTTP in milliseconds."""

    engine: OneByOne
    ours: float
    bare: float


def _one_client(rounds: int, seconds: float) -> Result:
    """One client of our server and of the least that a server can be, beside the engine called directly, in turn."""
    lines = [
        "| one client | engine alone, ms | over HTTP, ms | added, ms | added by a bare ASGI app, ms | "
        "reading a request, ms | right after an answer |",
        "|--|--|--|--|--|--|--|",
    ]
    values: list[object] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = [prepare(folder, "Packed", precision) for precision in ("BFloat16", "Float32")]
        texts = make_texts(AutoTokenizer.from_pretrained(models[0].path), _TEXTS)
        for model in models:
            run = [_round(model, texts, folder, seconds) for _ in range(rounds)]
            title = f"packed {model.precision.lower()}"
            lines.append(_line(title, run))
            values.append({"name": title, "rounds": [asdict(each) for each in run]})
    return Result("\n".join(lines), values)


def _round(model: PreparedModel, texts: list[str], folder: Path, seconds: float) -> _Round:
    """Each by itself, in a new process: some processes of the same program are a tenth faster than others."""
    engine = one_by_one.measure(model.path, write_lines(texts, folder / "texts.txt"))
    p50 = []
    for serve in (rivals.ours, rivals.bare):
        with serve(model, texts, folder) as server:
            asked = partial(server.ask, clients=1, seconds=seconds, requests=_TEXTS)
            asked()
            p50.append(asked().p50)
    return _Round(engine, *p50)


def _line(title: str, rounds: Sequence[_Round]) -> str:
    def median(figure: Callable[[_Round], float]) -> float:
        return statistics.median(map(figure, rounds))

    milliseconds = (
        median(lambda each: each.engine.answering),
        median(lambda each: each.ours),
        median(lambda each: each.ours - each.engine.answering),
        median(lambda each: each.bare - each.engine.answering),
    )
    reading = (median(lambda each: each.engine.reading), median(lambda each: each.engine.reading_after))
    cells = [*(f"{figure:.2f}" for figure in milliseconds), *(f"{figure:.3f}" for figure in reading)]
    return f"| {title} | {' | '.join(cells)} |"


def _frames(rounds: int, seconds: float) -> Result:
    """Requests per second of frames around nothing, in turn."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        servers = [stack.enter_context(rivals.doing_nothing(kind, ["hello"], folder)) for kind in _FRAMES]
        single: dict[str, list[float]] = {kind: [] for kind in _FRAMES}
        many: dict[str, list[float]] = {kind: [] for kind in _FRAMES}
        for server in servers:
            server.ask(_FRAME_CLIENTS, 2)
        for _ in range(rounds):
            for server in servers:
                single[server.name].append(server.ask(1, seconds).p50)
                many[server.name].append(server.ask(_FRAME_CLIENTS, seconds).rate)
    lines = [
        f"| around nothing, V2 REST | {_FRAME_CLIENTS} clients, requests/s | of KServe's | one client, p50 ms |",
        "|--|--|--|--|",
    ]
    for kind in _FRAMES:
        pairs = zip(many[kind], many["kserve_frame"], strict=True)
        ratio = statistics.median(own / theirs for own, theirs in pairs)
        rate, p50 = statistics.median(many[kind]), statistics.median(single[kind])
        lines.append(f"| {kind} | {rate:.0f} | {ratio:.2f} x | {p50:.2f} |")
    values = [{"name": kind, "requests per second": many[kind], "one client, ms": single[kind]} for kind in _FRAMES]
    return Result("\n".join(lines), values)


if __name__ == "__main__":
    main(measure)
