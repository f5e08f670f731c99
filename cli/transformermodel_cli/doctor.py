"""`transformermodel doctor`: checks in advance everything that could fail."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import TransformerModel
from transformermodel_cli.archive_check import archives_at, describe_archive, is_archive_path
from transformermodel_cli.check import Check, Finding, failed, failed_with, ok, skipped
from transformermodel_cli.cluster_checks import cluster_checks
from transformermodel_cli.configuration_file import read_models
from transformermodel_cli.location import store_location
from transformermodel_cli.prepare import Output, StoreOption
from transformermodel_operator.children.claims import SourceClaims

if TYPE_CHECKING:
    from transformermodel_predictor.preparation.plan import Plan

_MARKS = {Finding.ok: "ok     ", Finding.failed: "FAILED ", Finding.skipped: "skipped"}


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Manifests or archives to check.", show_default=False)
    ],
    store: StoreOption = None,
    output: Annotated[Output, typer.Option(help="How to print the result.")] = Output.text,
) -> None:
    """Look at all that could fail, before it does.

    Each failure is told with its remedy. Nothing is changed.
    """
    place = store_location(store, os.environ).place
    checks = [check for file in files for check in file_checks(file, place)]
    for check in checks:
        sys.stdout.write(_json(check) if output is Output.json else _text(check))
    raise typer.Exit(next((check.exit_status for check in checks if check.finding is Finding.failed), 0))


def file_checks(file: Path, store: str) -> Iterator[Check]:
    """The checks of all models in a file, of an archive, or of the archives of a store."""
    if is_archive_path(file):
        yield from _archive_checks(file)
        return
    try:
        models = read_models(file)
    except UserError as error:
        yield failed_with("schema", error)
        return
    for model in models:
        yield ok("schema", f"{file}: {model.metadata.name} is valid")
        yield from _preparation_checks(model, file.resolve().parent, store)
        yield from cluster_checks(model)


def _archive_checks(file: Path) -> Iterator[Check]:
    try:
        archives = list(archives_at(file))
    except (PreparationFailed, UserError) as error:
        yield failed_with("archive", error)
        return
    for archive in archives:
        try:
            yield ok("archive", f"{archive.path}: {describe_archive(archive)}")
        except (PreparationFailed, UserError) as error:
            yield failed_with("archive", error)


def _preparation_checks(model: TransformerModel, base: Path, store: str) -> Iterator[Check]:
    request = PreparationRequest.of(model.spec)
    if claims := SourceClaims.of(request).names:
        named = ", ".join(f"pvc://{claim}" for claim in claims)
        yield skipped("source", f"{named} can be read in the cluster only, whose Job mounts it")
        return
    from transformermodel_predictor.preparation.plan import plan  # imports PyTorch: seconds

    try:
        planned = plan(request, base)
    except PreparationFailed as error:
        yield failed_with("forms" if error.reason is FailureReason.UnsupportedForm else "source", error)
        yield skipped("space", "it is not known what has to be fetched")
        return
    for source in planned.sources:
        yield ok("source", f"{source.origin} is there at {source.commit} ({source.listing.bytes / 1e6:.1f} MB)")
    yield _forms(planned)
    yield _space(planned, store)
    yield _memory(planned)


def _forms(planned: "Plan") -> Check:
    if planned.is_of_archive:
        return skipped("forms", "an archive has none of ours: its own handler loads and runs it")
    return ok("forms", f"tried here: {', '.join(str(candidate) for candidate in planned.choice.candidates)}")


def _space(planned: "Plan", store: str) -> Check:
    from transformermodel_predictor.transfer.space import free_bytes

    if "://" in store:
        return skipped("space", f"{store} does not tell how much room it has")
    if Path(store).is_file():
        return failed_with("space", UserError(f"{store} is a file: name a folder with --store"))
    free = free_bytes(Path(store).resolve())
    needed, most = (planned.bytes_to_fetch + size for size in (planned.bytes_to_store, planned.most_bytes_to_store))
    message = (
        f"{needed / 1e6:,.1f} MB are needed, {most / 1e6:,.1f} MB for all candidates beside each other; {store} has "
        f"room for {free / 1e6:,.1f} MB"
    )
    return ok("space", message) if needed <= free else failed("space", FailureReason.InsufficientStorage, f"{message}.")


def _memory(planned: "Plan") -> Check:
    from transformermodel_predictor.preparation.memory import free_bytes

    needed, free = planned.sources[0].listing.bytes, free_bytes()
    if free is None:
        return skipped("memory", "this system does not tell how much is free")
    message = f"the weights take {needed / 1e6:,.1f} MB, {free / 1e6:,.1f} MB are free"
    return ok("memory", message) if needed <= free else failed("memory", FailureReason.OutOfMemory, f"{message}.")


def _text(check: Check) -> str:
    reason = f"{check.reason}: " if check.reason else ""
    remedy = f"\n{'':<8}{'':<36}{check.remedy}" if check.remedy else ""
    return f"{_MARKS[check.finding]} {check.name:<35} {reason}{check.message}{remedy}\n"


def _json(check: Check) -> str:
    document = {name: value for name, value in asdict(check).items() if value is not None and name != "exit_status"}
    return json.dumps(document, ensure_ascii=False) + "\n"
