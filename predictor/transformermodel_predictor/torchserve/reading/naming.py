"""Derives a model's name from the file of its archive."""

from pathlib import Path

from transformermodel_predictor.sources.unpacking import ARCHIVE_SUFFIXES


def stem_of(path: Path) -> str:
    """The name of an archive's file without its suffix, or the name of a folder."""
    name = path.resolve().name
    suffix = max((suffix for suffix in ARCHIVE_SUFFIXES if name.lower().endswith(suffix)), key=len, default="")
    return name[: len(name) - len(suffix)] if suffix and not path.is_dir() else name
