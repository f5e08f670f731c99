"""`transformermodel archive`: a .mar of a prepared model, or of a handler with its files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from transformermodel_api.errors import UserError
from transformermodel_predictor.torchserve.archive import ArchiveFormat, Runtime, write_archive

_File = Path | None


def command(
    artifact: Annotated[
        _File, typer.Argument(metavar="[DIRECTORY]", help="A prepared model to pack.", show_default=False)
    ] = None,
    *,
    model_name: Annotated[str, typer.Option("--model-name", help="Name of the model, and of the archive.")],
    version: Annotated[str, typer.Option("--version", "-v", help="Version of the model.")] = "1.0",
    handler: Annotated[
        str | None,
        typer.Option(
            help="FILE or FILE:function, or the name of one of TorchServe's own handlers "
            "(default for a prepared model: one that answers as `transformermodel serve` does)."
        ),
    ] = None,
    model_file: Annotated[_File, typer.Option(help="Python file with the model's class.")] = None,
    serialized_file: Annotated[_File, typer.Option(help="The weights.")] = None,
    extra_files: Annotated[
        str, typer.Option(help="Further files, and folders whose content is taken, with commas between them.")
    ] = "",
    requirements_file: Annotated[_File, typer.Option("--requirements-file", "-r", help="Packages to install.")] = None,
    config_file: Annotated[_File, typer.Option("--config-file", "-c", help="The model-config.yaml.")] = None,
    export_path: Annotated[Path, typer.Option(help="Folder to write the archive into.")] = Path(),
    runtime: Annotated[Runtime, typer.Option(help="What runs the handler.")] = Runtime.python,
    archive_format: Annotated[ArchiveFormat, typer.Option(help="Form of the archive.")] = ArchiveFormat.default,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an archive that is there.")] = False,
) -> None:
    """Pack a prepared model, or a handler, for TorchServe.

    The archive is one that TorchServe serves, and `transformermodel serve` too.
    """
    from transformermodel_predictor.artifact.directory import open_named_artifact
    from transformermodel_predictor.torchserve.packing import ArchiveOptions, pack_artifact, pack_handler

    options = ArchiveOptions(
        model_name=model_name,
        version=version,
        handler=handler,
        model_file=model_file,
        serialized_file=serialized_file,
        extra_files=tuple(Path(name.strip()) for name in extra_files.split(",") if name.strip()),
        requirements_file=requirements_file,
        config_file=config_file,
        runtime=runtime,
    )
    today = datetime.now(UTC).date()
    if artifact is None and handler is None:
        raise UserError("nothing to pack: name a prepared directory, or a handler with --handler")
    archive = (
        pack_handler(options, today)
        if artifact is None
        else pack_artifact(open_named_artifact(artifact), options, today)
    )
    written = write_archive(archive, export_path, archive_format, force=force)
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"Packed {written}", style="bold green")
