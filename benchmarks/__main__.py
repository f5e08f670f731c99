"""Run every benchmark: `make benchmark`. What cannot be measured here is left out, and the reason told."""

import shutil
from collections.abc import Callable

from benchmarks import download, explanations, first_answer, operator, preparation
from benchmarks.report import Result, end_servers_when_told_to_end, keep
from benchmarks.serving import endurance, generation, latency, memory, throughput
from tests.cluster.install import not_installed, unavailable


def _without(*programs: str) -> str:
    """Why something cannot be measured for want of programs; empty where they are there."""
    missing = [program for program in programs if shutil.which(program) is None]
    return f"there is no {' and no '.join(missing)}" if missing else ""


_NOTHING = ""
_BENCHMARKS: tuple[tuple[str, Callable[[], Result], str], ...] = (
    ("first_answer", first_answer.measure, _NOTHING),
    ("preparation", preparation.measure, _NOTHING),
    ("download", download.measure, _without("curl")),
    ("serving.throughput", throughput.measure, _without("go", "java")),
    ("serving.latency", latency.measure, _without("go")),
    ("serving.memory", memory.measure, _without("go")),
    ("serving.endurance", lambda: endurance.measure(minutes=1.0), _without("go")),
    ("serving.generation", generation.measure, _without("go")),
    ("explanations", explanations.measure, _NOTHING),
    ("operator", operator.measure, unavailable() or not_installed() or ""),
)

end_servers_when_told_to_end()
for name, measure, reason in _BENCHMARKS:
    if reason:
        print(f"{name} is not measured: {reason}\n")
    else:
        keep(name, "make benchmark", measure())
