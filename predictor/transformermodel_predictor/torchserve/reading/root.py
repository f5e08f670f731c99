"""Finds unpacked archives in folders."""

from pathlib import Path

from transformermodel_predictor.sources.unpacking import is_archive
from transformermodel_predictor.torchserve.archive import MANIFEST_FILE

CONVENTIONAL_HANDLER = "handler.py"
"""The handler of an archive without a manifest."""


def archive_root(folder: Path) -> Path:
    """The folder with the archive's files: many archives have one folder around everything."""
    while not (folder / MANIFEST_FILE).is_file():
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
        if len(entries) != 1 or not entries[0].is_dir():
            break
        folder = entries[0]
    return folder


def only_archive(folder: Path) -> Path | None:
    """The archive in a folder that contains no other visible file: KServe downloads an archive's uri like that."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    return entries[0] if len(entries) == 1 and entries[0].is_file() and is_archive(entries[0].name) else None


def is_unpacked_archive(folder: Path) -> bool:
    """Whether a folder contains an unpacked archive: it has a manifest, or a handler.py."""
    if not folder.is_dir():
        return False
    root = archive_root(folder)
    return (root / MANIFEST_FILE).is_file() or (root / CONVENTIONAL_HANDLER).is_file()
