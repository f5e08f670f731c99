"""`transformermodel prepare`: from manifests to verified artifacts, on this machine or in a Job."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from transformermodel_api.contract import PreparationRequest, Prepared
from transformermodel_api.errors import UserError
from transformermodel_api.identity import canonical_json
from transformermodel_cli.candidates import print_candidates
from transformermodel_cli.dry_run import plan_document, plan_lines, plan_of
from transformermodel_cli.location import store_location
from transformermodel_cli.subjects import ArchiveSubject, ManifestSubject, StoreSubject, read_subjects

if TYPE_CHECKING:
    from transformermodel_predictor.artifact.opening import StoreLocation

TERMINATION_LOG = Path("/dev/termination-log")
"""Where the kubelet reads a container's termination message."""

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Where prepared artifacts are kept: a folder, or an s3://, gs:// or az:// uri "
        "(default: $TRANSFORMERMODEL_STORE or the user's cache).",
    ),
]


class Output(StrEnum):
    """How the result is printed."""

    text = "text"
    json = "json"


def command(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=]FILE...", help="Manifests to prepare.", show_default=False)
    ] = None,
    store: StoreOption = None,
    output: Annotated[Output, typer.Option(help="How to print the result.")] = Output.text,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be fetched and which forms would be tried, and stop.")
    ] = False,
    job: Annotated[
        bool, typer.Option("--job", help="Read the request from the environment, as the operator's Jobs do.")
    ] = False,
) -> None:
    """Download, merge, verify and store models, without serving them.

    A setup_config.json or model-config.yaml of TorchServe's preparation script is prepared too, and its equivalent
    manifest printed.
    """
    location = store_location(store, os.environ)
    if job:
        _limit_threads()
        from transformermodel_predictor.preparation.job import run_job

        raise typer.Exit(run_job(os.environ, location, TERMINATION_LOG))
    if not files:
        raise UserError("nothing to prepare: name a manifest, as in `transformermodel prepare model.yaml`")
    for subject in read_subjects(files):
        if isinstance(subject, ArchiveSubject | StoreSubject):
            raise UserError(
                f"{subject.name} needs no preparation: serve it with `transformermodel serve`, or name it as "
                "spec.source.uri in a manifest with the task Custom"
            )
        if not isinstance(subject, ManifestSubject):
            raise UserError(f"{subject.name} is prepared already: serve it with `transformermodel serve`")
        if subject.converted and output is Output.text:
            sys.stdout.write(subject.converted.text)
            sys.stdout.flush()
        if dry_run:
            _show_plan(subject, output)
            continue
        prepared = prepare_subject(subject, location)
        if output is Output.json:
            sys.stdout.write(
                canonical_json({"name": subject.name, **prepared.model_dump(by_alias=True, exclude_none=True)}) + "\n"
            )


def prepare_subject(subject: ManifestSubject, store: "StoreLocation") -> Prepared:
    """Prepare one model; shows progress and result on standard error."""
    from transformermodel_cli.progress import progress_for

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    store.require_usable()
    console.print(f"Preparing {subject.name}", style="bold")
    for note in subject.converted.notes if subject.converted else ():
        console.print(f"  {note}", markup=False)
    _limit_threads()
    from transformermodel_predictor.garbage import pass_over_modules, uncollected

    with uncollected():
        from transformermodel_predictor.preparation.outcome import read_report
        from transformermodel_predictor.preparation.pipeline import prepare  # imports PyTorch: seconds
        from transformermodel_predictor.progress import Step

    request, opened = PreparationRequest.of(subject.model.spec), store.open()
    with progress_for(console) as progress:
        prepared = prepare(request, opened, progress, base=subject.base, loaded=pass_over_modules)
    is_new = progress.last is not Step.Resolve
    console.print(f"Prepared {subject.name}{'' if is_new else ' already'}", style="bold green")
    for key, value in _summary(prepared, store).items():
        console.print(f"  {key:<7} {value}", markup=False)
    if is_new:
        print_candidates(console, read_report(opened.open(prepared.digest)))
    return prepared


def _limit_threads() -> None:
    """As a server limits its own; before PyTorch is imported, which counts the whole node's CPUs."""
    from transformermodel_predictor.threads import limit_threads

    limit_threads(None)


def _show_plan(subject: ManifestSubject, output: Output) -> None:
    plan = plan_of(subject)
    if output is Output.json:
        sys.stdout.write(canonical_json(plan_document(subject.name, plan)) + "\n")
        return
    for line in plan_lines(subject.name, plan):
        sys.stdout.write(f"{line}\n")


def _summary(prepared: Prepared, store: "StoreLocation") -> dict[str, str]:
    return {
        "commit": prepared.commit,
        "digest": prepared.digest,
        "size": f"{prepared.size_bytes / 1e6:.1f} MB",
        "form": f"{prepared.format}, engine {prepared.engine}, {prepared.precision}",
        "path": store.path_of(prepared.path),
    }
