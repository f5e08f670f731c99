"""Many at once, and for long: nothing lost, nothing wrong, memory flat, health answered; and how a server starts.

python -m benchmarks.serving.endurance [--minutes M]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.measurement import machine
from benchmarks.serving import rivals
from benchmarks.serving.load import Load
from benchmarks.serving.models import prepare
from benchmarks.serving.texts import make_texts

_BURST = 1000
_SATURATING = 64
_MIB = 2**20
_IMPORTS = (
    "import psutil, torch, transformers, transformermodel_predictor.server.lifecycle; "
    "transformers.AutoModelForSequenceClassification, transformers.BertForSequenceClassification; "
    "print(psutil.Process().memory_info().rss)"
)


def measure(minutes: float) -> str:
    """A Markdown table."""
    lines = ["| measured | figure | wanted |", "|--|--|--|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = prepare(folder, "Packed", "BFloat16")
        texts = make_texts(AutoTokenizer.from_pretrained(model.path), _BURST)
        with rivals.ours(model, texts, folder) as server:
            started, resident = server.server.started_in, server.server.resident_bytes()
            weights = sum(file.stat().st_size for file in model.path.glob("*.safetensors"))
            imports = _imported_bytes()
            lines += [
                f"| start to ready | {started:.1f} s | at most 8 s |",
                f"| resident memory when ready | {resident / _MIB:.0f} MiB | imports {imports / _MIB:.0f} + 1.2 x "
                f"weights {weights / _MIB:.0f} = {(imports + 1.2 * weights) / _MIB:.0f} MiB |",
            ]
            alone = server.ask(1, 600, requests=_BURST)
            before = server.server.resident_bytes()
            burst = server.ask(_BURST, 600, requests=_BURST)
            lines.append(f"| {_BURST} requests at once | {_compared(alone, burst)} | all answered, all equal |")
            soak = server.ask(_SATURATING, minutes * 60, probe="/v2/health/live")
            after = server.server.resident_bytes()
            lines += [
                f"| {_SATURATING} clients for {minutes:g} min | {_compared(alone, soak)} | all answered, all equal |",
                f"| health meanwhile, p99 | {soak.probe_p99:.1f} ms | at most 50 ms |",
                f"| memory before and after | {before / _MIB:.0f}, {after / _MIB:.0f} MiB | flat |",
            ]
    return "\n".join(lines)


def _compared(alone: Load, crowd: Load) -> str:
    """How many of the crowd's answers came, and how many of its texts got another label than alone."""
    other = sum(answer != alone.answers[which] for which, answer in crowd.answers.items())
    failed = sum(count for status, count in crowd.statuses.items() if status != "200")
    return f"{crowd.answered} answered, {failed} failed, {other} of {len(crowd.answers)} texts with another label"


def _imported_bytes() -> int:
    """The memory of a process that has imported what serving needs, and nothing else."""
    done = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True, timeout=120)
    return int(done.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure a server under many requests at once and for long.")
    parser.add_argument("--minutes", type=float, default=30.0)
    print(machine(), measure(parser.parse_args().minutes), sep="\n\n")
