"""Archives as torch-model-archiver makes them, small enough to be made for each test."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformermodel_predictor.torchserve.archive import Archive, ArchiveFormat, write_archive

HANDLER = b"def handle(data, context):\n    return [row['body'] for row in data or []]\n"


def packed(
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    form: ArchiveFormat = ArchiveFormat.default,
    **options: Any,
) -> Path:
    """An archive named `echo` unless said otherwise, with a handler and more files."""
    named: dict[str, Any] = {"name": "echo", "version": "1.0", "handler": "handler.py", **options}
    members = {"handler.py": HANDLER, **(files or {})}
    return write_archive(Archive(members=members, **named), folder, form, force=True)


def zipped(path: Path, files: Mapping[str, bytes], manifest: Any = None) -> Path:
    """An archive as somebody else packed it, with the manifest that somebody else wrote, if any."""
    with zipfile.ZipFile(path, "w") as archive:
        if manifest is not None:
            archive.writestr("MAR-INF/MANIFEST.json", manifest if isinstance(manifest, str) else json.dumps(manifest))
        for name, content in files.items():
            archive.writestr(name, content)
    return path
