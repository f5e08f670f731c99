"""Reads the manifest of an archive without unpacking it."""

import tarfile
import zipfile
from pathlib import Path, PurePosixPath

from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_predictor.torchserve.archive import MANIFEST_FILE
from transformermodel_predictor.torchserve.manifest import Manifest
from transformermodel_predictor.torchserve.reading.manifest_file import parse_manifest, read_manifest
from transformermodel_predictor.torchserve.reading.naming import stem_of
from transformermodel_predictor.torchserve.reading.refusal import unusable
from transformermodel_predictor.torchserve.reading.root import archive_root

_LARGEST = 1 << 20
"""Most bytes read of a manifest; the archiver's have about a thousand."""


def peek_manifest(path: Path) -> Manifest:
    """The manifest of an archive; if it has none, one with nothing but a name, taken from the file.

    Raises:
        PreparationFailed: UnsupportedSource, the archive or its manifest is damaged.
        UserError: there is no such file.
    """
    origin, name = str(path), stem_of(path)
    if path.is_dir():
        return read_manifest(archive_root(path), origin, name)
    if not path.is_file():
        raise UserError(f"{path} is not there")
    try:
        content = _from_zip(path) if zipfile.is_zipfile(path) else _from_tar(path)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        raise unusable(origin, f"is no archive that can be read ({error})") from error
    if content is None:
        return Manifest(model_name=name)
    return parse_manifest(content, origin, name)


def peek_or_name(path: Path) -> Manifest:
    """Like `peek_manifest`, but also for an archive that cannot be read, so that only loading it fails.

    Raises:
        UserError: there is no such file.
    """
    try:
        return peek_manifest(path)
    except PreparationFailed:
        return Manifest(model_name=stem_of(path))


def _is_manifest(name: str) -> bool:
    path = PurePosixPath(name)
    return path.match(MANIFEST_FILE) and len(path.parts) <= len(PurePosixPath(MANIFEST_FILE).parts) + 1


def _from_zip(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as opened:
        name = next((name for name in opened.namelist() if _is_manifest(name)), None)
        if name is None:
            return None
        with opened.open(name) as content:
            return content.read(_LARGEST)


def _from_tar(path: Path) -> bytes | None:
    with tarfile.open(path, "r|*") as opened:
        for entry in opened:
            if entry.isreg() and _is_manifest(entry.name) and (content := opened.extractfile(entry)):
                return content.read(_LARGEST)
    return None
