"""Many at once, and for long: nothing lost, nothing wrong, memory flat, health answered; and how a server starts.

python -m benchmarks.serving.endurance [--minutes M]
"""

import tempfile
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.report import Result, main
from benchmarks.serving import rivals
from benchmarks.serving.load import Load
from benchmarks.serving.models import prepare
from benchmarks.serving.texts import make_texts

_BURST = 1000
_SATURATING = 64
_MIB = 2**20


def measure(minutes: float = 30.0) -> Result:
    """Start a server, ask it everything at once, then saturate it for so long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = prepare(folder, "Packed", "BFloat16")
        texts = make_texts(AutoTokenizer.from_pretrained(model.path), _BURST)
        with rivals.ours(model, texts, folder) as server:
            alone = server.ask(1, 600, requests=_BURST)
            memory = [server.server.resident_bytes()]
            burst = server.ask(_BURST, 600, requests=_BURST)
            memory.append(server.server.resident_bytes())
            soak = server.ask(_SATURATING, minutes * 60, probe="/v2/health/live")
            memory.append(server.server.resident_bytes())
            rows = [
                ("start to ready", f"{server.server.started_in:.1f} s", "at most 8 s"),
                (f"{_BURST} requests one by one", _told(alone), "all answered"),
                (f"{_BURST} requests at once", _compared(alone, burst), "all answered, all equal"),
                (f"{_SATURATING} clients for {minutes:g} min", _compared(alone, soak), "all answered, all equal"),
                ("health meanwhile, p99", f"{soak.probe_p99:.1f} ms", "at most 50 ms"),
                (
                    "memory after one by one, after all at once, at the end",
                    f"{', '.join(f'{found / _MIB:.0f}' for found in memory)} MiB",
                    "flat",
                ),
            ]
    return Result.of_rows(rows)


def _told(load: Load) -> str:
    """How many answers came, and how many did not."""
    failed = sum(count for status, count in load.statuses.items() if status != "200")
    return f"{load.answered} answered, {failed} failed"


def _compared(alone: Load, crowd: Load) -> str:
    """The same of a crowd, and how many of its texts got another label than alone, of those that got one alone."""
    both = crowd.answers.keys() & alone.answers.keys()
    other = sum(crowd.answers[which] != alone.answers[which] for which in both)
    return f"{_told(crowd)}, {other} of {len(both)} texts with another label"


if __name__ == "__main__":
    main(measure)
