"""An archive, looked at without running any of it: for `validate` and `doctor`."""

import tempfile
from pathlib import Path


def is_archive_path(path: Path) -> bool:
    """Whether a path is that of an archive's file, or of a folder into which one was unpacked."""
    from transformermodel_predictor.sources.unpacking import is_archive
    from transformermodel_predictor.torchserve.reading.root import is_unpacked_archive

    return is_unpacked_archive(path) if path.is_dir() else is_archive(path.name)


def describe_archive(path: Path) -> str:
    """Unpack an archive into a passing folder, read all that it says of itself, and say it in a few words.

    Raises:
        PreparationFailed: it is unsafe, damaged, or its handler is missing.
        UserError: it is not there, or has a name that no model can have.
    """
    from transformermodel_predictor.torchserve.reading.opening import open_archive

    with tempfile.TemporaryDirectory() as folder:
        opened = open_archive(path, folder=Path(folder) / "archive")
    manifest, settings = opened.manifest, opened.settings
    needs = f", requires {manifest.requirements_file}" if manifest.requirements_file else ""
    return (
        f"{opened.name} {manifest.model_version}, handler {manifest.handler}, {settings.min_workers} to "
        f"{settings.max_workers} workers, batches of {settings.batch_size}{needs}"
    )
