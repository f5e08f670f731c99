"""Predictions beside explanations: what one client's predictions take while others have everything explained.

python -m benchmarks.serving.explaining [--rounds N] [--seconds S]
"""

import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.report import Result, main
from benchmarks.serving import rivals
from benchmarks.serving.load import Load
from benchmarks.serving.models import prepare
from benchmarks.serving.rivals import Rival
from benchmarks.serving.texts import make_texts

_TEXTS = 256
_EXPLAINING = 8
_MARGIN_SECONDS = 2.0


def measure(rounds: int = 3, seconds: float = 10.0) -> Result:
    """Ask one server with one client, in turns with and without others that have texts explained."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = prepare(folder, "Packed", "BFloat16")
        texts = make_texts(AutoTokenizer.from_pretrained(model.path), _TEXTS)
        with rivals.ours(model, texts, folder) as server:
            explainer = replace(server, url=server.url.removesuffix("/infer") + "/explain")
            server.ask(1, 3)
            explainer.ask(1, 3)  # the first loads the twin
            idle, beside, explained = [], [], []
            for _ in range(rounds):
                idle.append(server.ask(1, seconds))
                with _asked_meanwhile(explainer, seconds + _MARGIN_SECONDS) as loads:
                    beside.append(server.ask(1, seconds))
                explained.extend(loads)
    ratio = statistics.median(one.p99 / other.p99 for one, other in zip(beside, idle, strict=True))
    rate = statistics.median(load.rate for load in explained)
    failed = sum(load.statuses.get("200", 0) != sum(load.statuses.values()) for load in (*beside, *explained))
    rows = [
        ("predictions alone, p50 and p99", _latency(idle), ""),
        (f"predictions beside {_EXPLAINING} clients that explain, p50 and p99", _latency(beside), ""),
        ("p99 beside, as a multiple of alone", f"{ratio:.1f} x", "below 3 x"),
        ("explanations meanwhile", f"{rate:.1f} per s", ""),
        ("runs with a request that was not answered", str(failed), "0"),
    ]
    return Result.of_rows(rows)


@contextmanager
def _asked_meanwhile(server: Rival, seconds: float) -> Iterator[list[Load]]:
    """Ask a server for so long in a thread of its own; what came of it is there after the context."""
    loads: list[Load] = []
    thread = threading.Thread(target=lambda: loads.append(server.ask(_EXPLAINING, seconds)))
    thread.start()
    try:
        yield loads
    finally:
        thread.join()


def _latency(loads: list[Load]) -> str:
    p50, p99 = (statistics.median(getattr(load, name) for load in loads) for name in ("p50", "p99"))
    return f"{p50:.1f} ms, {p99:.1f} ms"


if __name__ == "__main__":
    main(measure)
