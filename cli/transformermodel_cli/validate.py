"""`transformermodel validate`: refuse off-cluster what the API server would refuse."""

from pathlib import Path
from typing import Annotated

import typer

from transformermodel_api.errors import InvalidManifest, UserError
from transformermodel_api.manifests import read_manifests


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Manifests to check.", show_default=False)],
) -> None:
    """Check manifests with the API server's own rules and sentences, without a cluster."""
    refused: list[str] = []
    for file in files:
        try:
            models = read_manifests(file)
        except InvalidManifest as error:
            refused.append(str(error))
        else:
            typer.echo(f"{file}: valid ({', '.join(model.metadata.name for model in models)})")
    if refused:
        raise UserError("\n".join(refused))
