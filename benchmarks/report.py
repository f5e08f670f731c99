"""What a benchmark leaves behind: its figures in benchmarks/results, and its table as a page in docs/measurements.

Those of another kind of machine than most were made on stand in a folder of its name, in both places.
"""

import argparse
import inspect
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, Self

from benchmarks.measurement import Figure, machine, table

_PROJECT = Path(__file__).parent.parent
RESULTS = _PROJECT / "benchmarks" / "results"
PAGES = _PROJECT / "docs" / "measurements"
_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors")


@dataclass(frozen=True)
class Result:
    """What was measured.

    Attributes:
        table: Markdown, for people.
        values: JSON values: every figure of every run.
        over: what costs more than it may, where that is a failure of the program.
    """

    table: str
    values: Sequence[object]
    over: Sequence[Figure] = ()

    @classmethod
    def of(cls, figures: Sequence[Figure]) -> Self:
        """Figures and the table of them."""
        return cls(table(figures), [asdict(figure) for figure in figures])

    @classmethod
    def held_to_limits(cls, figures: Sequence[Figure]) -> Self:
        """The same, of a program that fails where a figure is over its bound."""
        return replace(cls.of(figures), over=[figure for figure in figures if figure.is_over])

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[str, str, str]]) -> Self:
        """What was measured, its figure and what is wanted, each in words; and the table of them."""
        heads = ("measured", "figure", "wanted")
        lines = [f"| {' | '.join(row)} |" for row in (heads, ("--", "--", "--"), *rows)]
        return cls("\n".join(lines), [dict(zip(heads, row, strict=True)) for row in rows])


def main(measure: Callable[..., Result]) -> None:
    """Run a benchmark as a program: an option for each argument of `measure`, and what it measured kept and printed.

    A further option, `--on`, names the kind of machine. It ends with status 1 where something is over its limit.
    """
    module = sys.modules[measure.__module__]
    spec = module.__spec__
    name = spec.name.removeprefix("benchmarks.") if spec else Path(module.__file__ or "").stem
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=(module.__doc__ or "").split("\n")[0]
    )
    for option, parameter in inspect.signature(measure).parameters.items():
        parser.add_argument(f"--{option}", type=type(parameter.default), default=parameter.default)
    add_machine(parser)
    arguments = vars(parser.parse_args())
    kind = arguments.pop("on")
    end_servers_when_told_to_end()
    command = " ".join([parser.prog, *(f"--{option} {value}" for option, value in arguments.items())])
    result = measure(**arguments)
    keep(name, command, result, kind)
    sys.exit(1 if result.over else 0)


def end_servers_when_told_to_end() -> None:
    """Leave by an exception on SIGTERM, as `timeout` sends it, so that no server that was started is left running."""
    signal.signal(signal.SIGTERM, _leave)


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Let the kind of machine be named."""
    parser.add_argument("--on", default="", metavar="KIND", help="a kind of machine: the folder of what it measures")


def keep(name: str, command: str, result: Result, kind: str = "") -> None:
    """Write down and print what was measured on a kind of machine; on the usual one where it has no name."""
    now = datetime.now(UTC).date().isoformat()
    libraries = {library: version(library) for library in _LIBRARIES}
    document = {
        "benchmark": name,
        "command": command,
        "date": now,
        "machine": machine(),
        "libraries": libraries,
        "values": result.values,
    }
    results, pages = RESULTS / kind, PAGES / kind
    results.mkdir(parents=True, exist_ok=True)
    (results / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    versions = ", ".join(f"{library} {number}" for library, number in libraries.items())
    pages.mkdir(parents=True, exist_ok=True)
    page = f"# {name}\n\n`{command}`, {now}: {machine()}; {versions}.\n\n{result.table}\n"
    (pages / f"{name}.md").write_text(page)
    print(page)
    if result.over:
        print(f"Over their limits:\n\n{table(result.over)}\n")


def _leave(number: int, _: Any) -> NoReturn:  # noqa: ANN401 - a frame
    sys.exit(128 + number)
