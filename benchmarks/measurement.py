"""What a benchmark gives: figures with their spread, and a table of them."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured quantity.

    Attributes:
        name: what was measured, in a few words.
        unit: s, MiB, ...
        values: every measurement, in the order of the runs.
        bound: what it should not exceed, in the same unit; None where there is none.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    bound: float | None = None

    @property
    def median(self) -> float:
        """The middle measurement."""
        return statistics.median(self.values)

    @property
    def is_over(self) -> bool:
        """Whether the middle measurement exceeds the bound."""
        return self.bound is not None and self.median > self.bound


def machine() -> str:
    """One line about where this runs: processor, cores, memory, Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = ["| measured | median | lowest | highest | runs | at most |", "|--|--|--|--|--|--|"]
    for figure in figures:
        bound = "" if figure.bound is None else f"{figure.bound:g} {figure.unit}"
        low, high = min(figure.values), max(figure.values)
        spread = f"{figure.median:.1f} {figure.unit} | {low:.1f} | {high:.1f}"
        rows.append(f"| {figure.name} | {spread} | {len(figure.values)} | {bound} |")
    return "\n".join(rows)
