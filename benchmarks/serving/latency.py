"""What our server adds to the engine: one client at a time, and frames around a model that does nothing.

A frame costs more around a model that does something, whose weights drive the frame's own code out of the processor's
caches; so reading a request is timed by itself and right after an answer too.

python -m benchmarks.serving.latency [--rounds N] [--seconds S]
"""

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.report import Result, main
from benchmarks.serving import one_by_one, rivals
from benchmarks.serving.models import prepare
from benchmarks.serving.texts import make_texts, write_lines

_FRAMES = ("own_frame", "kserve_frame", "bare_asgi")
_TEXTS = 200
_FRAME_CLIENTS = 16


def measure(rounds: int = 5, seconds: float = 5.0) -> Result:
    """One client, then the frames; two tables."""
    single, frames = _one_client(rounds, seconds), _frames(rounds, seconds)
    return Result(f"{single.table}\n\n{frames.table}", [*single.values, *frames.values])


def _one_client(rounds: int, seconds: float) -> Result:
    """The p50 of one client beside that of the engine called directly, in turn."""
    lines = [
        "| one client | engine alone, ms | over HTTP, ms | added, ms | reading a request, ms | right after an answer |",
        "|--|--|--|--|--|--|",
    ]
    values: list[object] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        models = [prepare(folder, "Packed", precision) for precision in ("BFloat16", "Float32")]
        texts = make_texts(AutoTokenizer.from_pretrained(models[0].path), _TEXTS)
        file = write_lines(texts, folder / "texts.txt")
        servers = [stack.enter_context(rivals.ours(model, texts, folder)) for model in models]
        for model, server in zip(models, servers, strict=True):
            server.ask(1, 2)
            engine, asked = [], []
            for _ in range(rounds):
                engine.append(one_by_one.measure(model.path, file))
                asked.append(server.ask(1, seconds, requests=_TEXTS).p50)
            alone = [run.answering for run in engine]
            reading, right_after = [run.reading for run in engine], [run.reading_after for run in engine]
            added = statistics.median(there - here for here, there in zip(alone, asked, strict=True))
            title = f"packed {model.precision.lower()}"
            lines.append(
                f"| {title} | {statistics.median(alone):.2f} | {statistics.median(asked):.2f} | {added:.2f} | "
                f"{statistics.median(reading):.3f} | {statistics.median(right_after):.3f} |"
            )
            told = {"engine ms": alone, "HTTP ms": asked, "reading ms": reading, "right after ms": right_after}
            values.append({"name": title, **told})
    return Result("\n".join(lines), values)


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
