"""`transformermodel collect`: remove prepared artifacts that nobody needs."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from transformermodel_api.errors import UserError
from transformermodel_cli.location import store_location
from transformermodel_cli.prepare import StoreOption

if TYPE_CHECKING:
    from transformermodel_predictor.artifact.opening import StoreLocation

_SHOWN = 10
"""Maximum number of references to list where one is unknown."""


def command(
    store: StoreOption = None,
    grace_days: Annotated[
        float, typer.Option("--grace-days", min=0, help="Keep what was prepared or asked for within so many days.")
    ] = 7.0,
    forget: Annotated[
        list[str] | None,
        typer.Option(metavar="CLUSTER/NAMESPACE/NAME", help="A model that is no more: what it used can go."),
    ] = None,
    only_forgotten: Annotated[
        bool,
        typer.Option("--only-forgotten", help="Remove at once what the forgotten models alone used, and nothing else."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
) -> None:
    """Remove artifacts that no model refers to.

    What dead preparations have left goes too.
    """
    from transformermodel_predictor.artifact.collector import collect

    location = store_location(store, os.environ)
    if only_forgotten:
        _retire(location, forget or (), dry_run=dry_run)
        return
    location.require_there()
    parts = location.collectable()
    if unknown := _unknown(location, forget or ()):
        raise UserError(unknown[0])
    for reference in forget or () if not dry_run else ():
        parts[0].forget(reference)
    freed = 0
    for part in parts:
        removal = collect(part, timedelta(days=grace_days), dry_run=dry_run)
        for kind, found in (("artifact", removal.artifacts), ("leftover", removal.leftovers)):
            for name, size in found.items():
                typer.echo(f"{kind}  {name}  {size / 1e6:,.1f} MB")
        freed += removal.size
    typer.echo(f"{freed:,} bytes {'would be' if dry_run else 'are'} free")


def _retire(location: "StoreLocation", references: Sequence[str], *, dry_run: bool) -> None:
    """Remove artifacts that only deleted models used.

    An unknown reference is told and is no error: the operator repeats its Job until one has ended well.
    """
    from transformermodel_predictor.artifact.retirement import retire

    if dry_run or not references:
        raise UserError("--only-forgotten needs --forget, and cannot be tried with --dry-run")
    for line in _unknown(location, references):
        typer.echo(line)
    store, *_ = location.collectable()
    for reference in references:
        retirement = retire(store, reference)
        for digest, size in retirement.removed.items():
            typer.echo(f"artifact  {digest}  {size / 1e6:,.1f} MB")
        for digest in retirement.kept:
            typer.echo(f"kept      {digest}  (in use)")


def _unknown(location: "StoreLocation", references: Sequence[str]) -> list[str]:
    """A line for each reference that the store does not have, with those that it has.

    Raises:
        UserError: one is not CLUSTER/NAMESPACE/NAME.
    """
    from transformermodel_predictor.artifact.references import reference_key

    asked = [reference_key(reference) for reference in references]
    known = location.collectable()[0].references() if asked else ()
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    there = f"there are {', '.join(known[:_SHOWN])}{more}" if known else "there is none"
    return [f"{location.place} has no reference {unknown}: {there}" for unknown in asked if unknown not in known]
