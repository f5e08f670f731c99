"""`transformermodel validate`: refuse off-cluster what the API server would refuse."""

from pathlib import Path
from typing import Annotated

import typer

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
    if refused:
        raise UserError("\n".join(refused))
