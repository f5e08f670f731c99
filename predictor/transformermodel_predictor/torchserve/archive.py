"""A TorchServe archive: its manifest and files, and the forms in which it can be written."""

import gzip
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from transformermodel_api.errors import UserError

MANIFEST_FILE = "MAR-INF/MANIFEST.json"

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of all members: an archive depends on its content alone. The earliest that a zip file can name."""
_MODE = 0o644


class ArchiveFormat(StrEnum):
    """How an archive is stored, in the words of torch-model-archiver."""

    default = "default"
    zip_store = "zip-store"
    tgz = "tgz"
    no_archive = "no-archive"


class Runtime(StrEnum):
    """What TorchServe runs the handler with."""

    python = "python"
    python3 = "python3"
    LSP = "LSP"


Member = Path | bytes
"""A file to be packed, or its content."""


@dataclass(frozen=True)
class Archive:
    """What an archive holds.

    Attributes:
        name: the model's name, and the archive's.
        version: the model's version.
        handler: `module`, `module:function`, or the name of one of TorchServe's own handlers.
        members: the files by their paths in the archive.
        serialized_file: the member with the weights, for handlers that ask for it.
        model_file: the member with the model's class.
        requirements_file: the member that names Python packages.
        config_file: the member with the model's configuration (model-config.yaml).
        runtime: what runs the handler.
        created: the day it was made.
    """

    name: str
    version: str
    handler: str
    members: Mapping[str, Member]
    serialized_file: str | None = None
    model_file: str | None = None
    requirements_file: str | None = None
    config_file: str | None = None
    runtime: Runtime = Runtime.python
    created: date = date(1980, 1, 1)

    def manifest(self) -> dict[str, Any]:
        """The content of MANIFEST.json."""
        model = {
            "modelName": self.name,
            "modelVersion": self.version,
            "handler": self.handler,
            "serializedFile": self.serialized_file,
            "modelFile": self.model_file,
            "requirementsFile": self.requirements_file,
            "configFile": self.config_file,
        }
        return {
            "createdOn": f"{self.created:%d/%m/%Y} 00:00:00",
            "runtime": self.runtime.value,
            "model": {key: value for key, value in model.items() if value is not None},
            "archiverVersion": f"transformermodel {version('transformermodel')}",
        }

    def files(self) -> dict[str, Member]:
        """All files by their paths, the manifest first."""
        manifest = json.dumps(self.manifest(), indent=2).encode() + b"\n"
        return {MANIFEST_FILE: manifest, **{name: self.members[name] for name in sorted(self.members)}}


def write_archive(archive: Archive, folder: Path, format_: ArchiveFormat, *, force: bool = False) -> Path:
    """Write an archive into a folder, under its name; equal archives become equal files.

    Returns:
        What was written: `NAME.mar`, `NAME.tar.gz`, or the folder `NAME`.

    Raises:
        UserError: it is there already, and `force` is not set; or the folder cannot be written.
    """
    suffix, write = _WRITERS[format_]
    target = folder / f"{archive.name}{suffix}"
    if target.exists() and not force:
        raise UserError(f"{target} exists. Replace it with --force, or name another folder with --export-path.")
    partial = folder / f".{target.name}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        write(archive, partial)
        _remove(target)
        partial.rename(target)
    except OSError as error:
        with suppress(OSError):  # where nothing can be written, nothing can be removed
            _remove(partial)
        raise UserError(
            f"{target} cannot be written: {error.strerror or error}. Name another folder with --export-path."
        ) from error
    return target


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write_zip(archive: Archive, path: Path, compression: int) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, member in archive.files().items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = compression
            info.external_attr = _MODE << 16
            if isinstance(member, Path):
                info.file_size = member.stat().st_size  # so that zip64 is chosen where the size needs it
            with _opened(member) as content, file.open(info, "w") as packed:
                shutil.copyfileobj(content, packed, 1 << 20)


def _write_deflated(archive: Archive, path: Path) -> None:
    _write_zip(archive, path, zipfile.ZIP_DEFLATED)


def _write_stored(archive: Archive, path: Path) -> None:
    _write_zip(archive, path, zipfile.ZIP_STORED)


def _write_tgz(archive: Archive, path: Path) -> None:
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as file,
    ):
        for name, member in archive.files().items():
            info = tarfile.TarInfo(f"{archive.name}/{name}")
            info.mode, info.size = _MODE, _size(member)
            with _opened(member) as content:
                file.addfile(info, content)


def _write_folder(archive: Archive, path: Path) -> None:
    for name, member in archive.files().items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with _opened(member) as content, target.open("wb") as copy:
            shutil.copyfileobj(content, copy, 1 << 20)


def _opened(member: Member) -> io.BufferedIOBase:
    return member.open("rb") if isinstance(member, Path) else io.BytesIO(member)


def _size(member: Member) -> int:
    return member.stat().st_size if isinstance(member, Path) else len(member)


_WRITERS: dict[ArchiveFormat, tuple[str, Callable[[Archive, Path], None]]] = {
    ArchiveFormat.default: (".mar", _write_deflated),
    ArchiveFormat.zip_store: (".mar", _write_stored),
    ArchiveFormat.tgz: (".tar.gz", _write_tgz),
    ArchiveFormat.no_archive: ("", _write_folder),
}
