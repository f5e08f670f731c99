"""`transformermodel diff A B`: what changes when one prepared artifact takes the place of another."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transformermodel_api.identity import canonical_json
from transformermodel_cli.prepare import Output

if TYPE_CHECKING:
    from transformermodel_predictor.preparation.contest.comparison import Comparison

_SHOWN = 20
"""Maximum number of changed answers to list for people; scripts get all."""


def command(
    first: Annotated[Path, typer.Argument(metavar="A", help="A prepared directory.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help="The one that would take its place.", show_default=False)],
    samples: Annotated[
        Path | None, typer.Option(help="JSON lines with the task's inputs, or a folder with samples.jsonl.")
    ] = None,
    output: Annotated[Output, typer.Option(help="How to print the result.")] = Output.text,
) -> None:
    """Compare two prepared artifacts on samples.

    Told are answers that change, by how much probabilities shift, speed and size.
    """
    from transformermodel_predictor.artifact.directory import open_named_artifact

    one, other = open_named_artifact(first), open_named_artifact(second)
    from transformermodel_predictor.preparation.contest.comparison import compare_artifacts  # imports PyTorch: seconds
    from transformermodel_predictor.preparation.contest.samples import Samples, fetch_samples
    from transformermodel_predictor.preparation.contest.stability import Budget

    read = fetch_samples(f"file://{samples.resolve()}", Path.cwd()) if samples else Samples()
    comparison = compare_artifacts(one, other, read, Budget())
    if output is Output.json:
        sys.stdout.write(canonical_json(comparison_document(comparison)) + "\n")
        return
    for line in comparison_lines(comparison):
        sys.stdout.write(f"{line}\n")


def comparison_document(comparison: "Comparison") -> dict[str, Any]:
    """The comparison for scripts: sizes in bytes, times in milliseconds."""
    return {
        "samples": comparison.samples,
        "changes": [asdict(change) for change in comparison.changes],
        "shift": comparison.shift,
        "meanShift": comparison.mean_shift,
        "artifacts": [
            {
                "candidate": str(measured.candidate),
                "sizeBytes": size,
                "perSecond": round(measured.batch.per_second, 2),
                "p50Milliseconds": round(measured.single.p50 * 1000, 3),
                "p99Milliseconds": round(measured.single.p99 * 1000, 3),
            }
            for size, measured in zip(comparison.sizes, comparison.measured, strict=True)
        ],
    }


def comparison_lines(comparison: "Comparison") -> Iterator[str]:
    """The comparison for people."""
    (one, other), (size, other_size) = comparison.measured, comparison.sizes
    yield f"answers     {len(comparison.changes)} of {comparison.samples} change"
    for change in comparison.changes[:_SHOWN]:
        yield f"  sample {change.sample}: {change.first} -> {change.second}"
    if len(comparison.changes) > _SHOWN:
        yield f"  and {len(comparison.changes) - _SHOWN} more (--output json lists all)"
    yield f"shift       {comparison.shift:.4f} at most, {comparison.mean_shift:.4f} in the mean"
    yield f"form        {one.candidate} -> {other.candidate}"
    yield _compared("texts/s", one.batch.per_second, other.batch.per_second)
    yield _compared("p50 ms", one.single.p50 * 1000, other.single.p50 * 1000)
    yield _compared("p99 ms", one.single.p99 * 1000, other.single.p99 * 1000)
    yield _compared("MB", size / 1e6, other_size / 1e6)


def _compared(name: str, one: float, other: float) -> str:
    return f"{name:<11} {one:.1f} -> {other:.1f} ({other / one:.2f} times)"
