"""Benchmarks that are held to limits fail where they are over them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import limits
from benchmarks.limits import Limits
from benchmarks.measurement import Figure
from benchmarks.report import Result

ROOT = Path(limits.__file__).parents[2]
FILES = sorted(Path(limits.__file__).parent.glob("*.yaml"))
PROGRAM = """
from pathlib import Path
from benchmarks import report
from benchmarks.measurement import Figure

def measure(seconds: float = 2.0) -> report.Result:
    start, writes = Figure("start", "s", (seconds,), bound=3), Figure("writes", "", (0.0,), bound=0)
    return report.Result.held_to_limits([start, writes])

report.RESULTS = report.PAGES = Path(__file__).parent
report.main(measure)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark that is held to limits."""
    program = folder / "speed.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, program, *arguments], capture_output=True, text=True, check=False, env=environment
    )


def test_what_is_over_its_limit_is_named_and_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "--seconds", "4")
    assert done.returncode == 1
    _, _, over = done.stdout.partition("Over their limits:")
    assert "| start | 4.0 s | 4.0 | 4.0 | 1 | 3 s |" in over
    assert "writes" not in over


def test_what_is_within_its_limits_passes(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, "Over their limits" in done.stdout) == (0, False)


def test_a_bound_that_is_no_limit_is_only_told() -> None:
    assert Result.of([Figure("start", "s", (4.0,), bound=3)]).over == ()


@pytest.mark.parametrize(("size", "limit"), [(1, 6), (1000, 6), (1001, 20), (10_000, 20), (10_001, None)])
def test_a_limit_can_depend_on_how_much_there_is(size: int, limit: float | None) -> None:
    assert Limits({"start": {10_000: 20, 1000: 6}}).on("start", size) == limit


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_of_limits_belongs_to_a_benchmark(file: Path) -> None:
    assert Limits.of(file.stem).values
    assert (file.parent.parent / f"{file.stem}.py").exists()
