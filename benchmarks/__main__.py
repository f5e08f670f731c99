"""Run every benchmark, or those that are named: `make benchmark`. What cannot be measured here is left out, and why."""

import argparse
import shutil
import sys
from collections.abc import Callable

from benchmarks import (
    download,
    explanations,
    faithfulness,
    first_answer,
    generation_faithfulness,
    operator,
    operator_scale,
    preparation,
)
from benchmarks.report import Result, add_machine, end_servers_when_told_to_end, keep
from benchmarks.serving import endurance, explaining, generation, latency, memory, neighbours, throughput
from benchmarks.torchserve import rates, workers
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
    ("serving.neighbours", neighbours.measure, _without("go")),
    ("serving.endurance", lambda: endurance.measure(minutes=1.0), _without("go")),
    ("serving.generation", generation.measure, _without("go")),
    ("explanations", explanations.measure, _NOTHING),
    ("serving.explaining", explaining.measure, _without("go")),
    ("faithfulness", faithfulness.measure, _NOTHING),
    ("generation_faithfulness", generation_faithfulness.measure, _NOTHING),
    ("torchserve.rates", rates.measure, _without("go", "java")),
    ("torchserve.workers", workers.measure, _without("go")),
    ("operator", operator.measure, unavailable() or not_installed() or ""),
    ("operator_scale", operator_scale.measure, unavailable() or not_installed() or ""),
)

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split(":")[0])
names = [name for name, _, _ in _BENCHMARKS]
parser.add_argument("names", nargs="*", metavar="NAME", help=f"all when none is named; one of {', '.join(names)}")
add_machine(parser)
arguments = parser.parse_args()
wanted = arguments.names or names
if unknown := set(wanted) - set(names):
    parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")

end_servers_when_told_to_end()
failed = False
for name, measure, reason in _BENCHMARKS:
    if name not in wanted:
        continue
    if reason:
        print(f"{name} is not measured: {reason}\n")
    else:
        result = measure()
        keep(name, "make benchmark", result, arguments.on)
        failed = failed or bool(result.over)
sys.exit(1 if failed else 0)
