"""The candidates of a preparation as a table: parity, speed, size, and why one was chosen."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

_COLUMNS = ("candidate", "outcome", "differs", "agree", "texts/s", "ms/text", "load ms", "MB")
"""Fits a terminal of 80 columns; report.json has more."""
_CHOSEN, _NOT_TRIED = "Chosen", "NotTried"


def print_candidates(console: Console, report: Mapping[str, Any]) -> None:
    """Print the candidates in report.json, if there are any.

    Throughput is measured at the batch limit; milliseconds are the median for a single text.
    """
    candidates: Sequence[Mapping[str, Any]] = report.get("candidates", ())
    tried = [entry for entry in candidates if entry["outcome"] != _NOT_TRIED]
    if not tried:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in _COLUMNS[:2] else "right", no_wrap=True)
    for entry in tried:
        table.add_row(*row(entry), style="bold" if entry["outcome"] == _CHOSEN else None)
    console.print(table)
    for line in notes(report):
        console.print(f"  {line}", markup=False)


def row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of one candidate; empty if not measured."""
    parity, single, batch = (entry.get(name) or {} for name in ("parity", "single", "batch"))
    return (
        candidate_name(entry),
        entry["outcome"],
        _number(parity.get("difference"), ".4f"),
        f"{parity['agreeing']}/{parity['samples']}" if parity else "",
        _number(batch.get("perSecond"), ".1f"),
        _number(single.get("p50Milliseconds"), ".1f"),
        _number(entry.get("loadMilliseconds"), ".0f"),
        _number(entry["sizeBytes"] / 1e6 if "sizeBytes" in entry else None, ".1f"),
    )


def notes(report: Mapping[str, Any]) -> Iterator[str]:
    """Why one was chosen, why others were dropped, and which were not tried."""
    if why := report.get("why"):
        yield str(why)
    untried: defaultdict[str, list[str]] = defaultdict(list)
    for entry in report.get("candidates", ()):
        if entry["outcome"] == _NOT_TRIED:
            untried[entry["message"]].append(candidate_name(entry))
        elif "message" in entry:
            yield f"{candidate_name(entry)} was dropped ({entry['reason']}): {entry['message']}"
    for reason, names in untried.items():
        yield f"Not tried: {', '.join(names)}: {reason}."


def candidate_name(entry: Mapping[str, Any]) -> str:
    """The candidate's name as in preparation: with the engine only if the form leaves a choice."""
    form, engine = entry["format"], entry["engine"]
    return f"{form if engine in form else f'{form}/{engine}'} {entry['precision']}"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
