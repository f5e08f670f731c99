"""`transformermodel validate`: refuse off-cluster what the API server would refuse."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from transformermodel_api import KIND
from transformermodel_api.errors import InvalidManifest, UserError
from transformermodel_cli.archive_check import archives_at, describe_archive, is_archive_path
from transformermodel_cli.configuration_file import read_models


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Manifests or archives to check.", show_default=False)
    ],
) -> None:
    """Check manifests as the API server would, without a cluster.

    The rules and the sentences are its own. Of archives it is told what they say.
    """
    refused: list[str] = []
    defined: defaultdict[tuple[str, str], list[Path]] = defaultdict(list)
    for file in files:
        if is_archive_path(file):
            for archive in archives_at(file):
                typer.echo(f"{archive.path}: valid ({describe_archive(archive)})")
            continue
        try:
            models = read_models(file)
        except InvalidManifest as error:
            refused.append(str(error))
        else:
            typer.echo(f"{file}: valid ({', '.join(model.metadata.name for model in models)})")
            for model in models:
                defined[model.metadata.namespace, model.metadata.name].append(file)
    refused += _repeated(defined)
    if refused:
        raise UserError("\n".join(refused))


def _repeated(defined: Mapping[tuple[str, str], Sequence[Path]]) -> Iterator[str]:
    """Models defined in several files, of which kubectl would keep the last; a file given twice counts once."""
    for (_, name), files in defined.items():
        *others, last = {file.resolve(): file for file in files}.values()
        if others:
            told = ", ".join(map(str, others))
            yield (
                f"{told} and {last} define the same {KIND} {name}: rename or remove all but one, or check them apart "
                "where only one of them is applied"
            )
