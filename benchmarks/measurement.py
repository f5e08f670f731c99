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


_INSTRUCTIONS = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512 with bfloat16", "avx512f": "AVX-512", "avx2": "AVX2"}
"""What multiplies matrices, by its name in /proc/cpuinfo, the fastest first."""


def machine() -> str:
    """One line about where this runs: processor, the instructions that matter, cores, memory, Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = told.get("flags", "").split()
    parts = [told.get("model name", platform.machine())]
    parts += [name for flag, name in _INSTRUCTIONS.items() if flag in flags][:1]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts += [f"{os.cpu_count()} cores", f"{memory:.0f} GiB", f"Python {platform.python_version()}"]
    return ", ".join(parts)


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = ["| measured | median | lowest | highest | runs | at most |", "|--|--|--|--|--|--|"]
    for figure in figures:
        bound = "" if figure.bound is None else f"{figure.bound:g} {figure.unit}"
        low, high = min(figure.values), max(figure.values)
        spread = f"{figure.median:.1f} {figure.unit} | {low:.1f} | {high:.1f}"
        rows.append(f"| {figure.name} | {spread} | {len(figure.values)} | {bound} |")
    return "\n".join(rows)
