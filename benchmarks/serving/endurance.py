"""Many at once, and for long: nothing lost, nothing wrong, memory flat, health answered; and how a server starts.

python -m benchmarks.serving.endurance [--minutes M]
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.report import Result, main
from benchmarks.serving import rivals
from benchmarks.serving.load import Load
from benchmarks.serving.models import prepare
from benchmarks.serving.rivals import Rival
from benchmarks.serving.texts import make_texts

_BURST = 1000
_SATURATING = 64
_PARTS = 10
_REST_SECONDS = 10
_MIB = 2**20


def measure(minutes: float = 30.0) -> Result:
    """Start a server, ask it everything at once, then saturate it for so long, and let it rest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = prepare(folder, "Packed", "BFloat16")
        texts = make_texts(AutoTokenizer.from_pretrained(model.path), _BURST)
        with rivals.ours(model, texts, folder) as server:
            alone = server.ask(1, 600, requests=_BURST)
            memory = [_memory(server)]
            burst = server.ask(_BURST, 600, requests=_BURST)
            memory.append(_memory(server))
            soak, memory_meanwhile = _saturate(server, minutes * 60)
            time.sleep(_REST_SECONDS)
            rows = [
                ("start to ready", f"{server.server.started_in:.1f} s", "at most 8 s"),
                (f"{_BURST} requests one by one", _told([alone]), "all answered"),
                (f"{_BURST} requests at once", _compared(alone, [burst]), "all answered, all equal"),
                (f"{_SATURATING} clients for {minutes:g} min", _compared(alone, soak), "all answered, all equal"),
                ("health meanwhile, p99", f"{max(part.probe_p99 for part in soak):.1f} ms", "at most 50 ms"),
                ("memory in MiB after one by one, after all at once", ", ".join(memory), ""),
                (f"after each tenth of the {minutes:g} min", ", ".join(memory_meanwhile), "flat"),
                (f"{_REST_SECONDS} s later", _memory(server), ""),
            ]
    return Result.of_rows(rows)


def _saturate(server: Rival, seconds: float) -> tuple[list[Load], list[str]]:
    """Many clients for so long, in parts, and the memory after each."""
    parts, memory = [], []
    for _ in range(_PARTS):
        parts.append(server.ask(_SATURATING, seconds / _PARTS, probe="/v2/health/live"))
        memory.append(_memory(server))
    return parts, memory


def _memory(server: Rival) -> str:
    """Resident memory in MiB."""
    return f"{server.server.resident_bytes() / _MIB:.0f}"


def _told(loads: Sequence[Load]) -> str:
    """How many answers came, and how many did not."""
    failed = sum(count for load in loads for status, count in load.statuses.items() if status != "200")
    return f"{sum(load.answered for load in loads)} answered, {failed} failed"


def _compared(alone: Load, crowds: Sequence[Load]) -> str:
    """The same of crowds, and how many of their texts got another label than alone, of those that got one alone."""
    both = [
        (crowd.answers[which], alone.answers[which])
        for crowd in crowds
        for which in crowd.answers.keys() & alone.answers.keys()
    ]
    other = sum(crowded != lonely for crowded, lonely in both)
    return f"{_told(crowds)}, {other} of {len(both)} comparisons with another label"


if __name__ == "__main__":
    main(measure)
