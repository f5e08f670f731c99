"""Reads MAR-INF/MANIFEST.json as any version of the archiver wrote it, or derives a manifest if it is missing."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from transformermodel_predictor.torchserve.archive import MANIFEST_FILE, Runtime
from transformermodel_predictor.torchserve.manifest import Manifest
from transformermodel_predictor.torchserve.reading.refusal import unusable
from transformermodel_predictor.torchserve.reading.root import CONVENTIONAL_HANDLER

_WEIGHTS = (".pt", ".pt2", ".pth", ".bin", ".safetensors", ".onnx", ".so")
_REQUIREMENTS = "requirements.txt"
_PYTHON = (Runtime.python, Runtime.python3)


def read_manifest(root: Path, origin: str, name: str) -> Manifest:
    """Read the manifest of an unpacked archive.

    Args:
        root: the unpacked archive.
        origin: the archive, for messages.
        name: the model's name if the manifest has none.

    Raises:
        PreparationFailed: UnsupportedSource, the manifest is malformed, names files outside the archive or needs a
            runtime that is not Python; or there is no manifest, and the handler's file is ambiguous.
    """
    file = root / MANIFEST_FILE
    if not file.is_file():
        return _conventional(root, origin, name)
    return parse_manifest(file.read_bytes(), origin, name)


def parse_manifest(content: bytes, origin: str, name: str) -> Manifest:
    """Read the content of a MANIFEST.json; further arguments and errors are those of `read_manifest`."""
    try:
        document = json.loads(content)
    except ValueError as error:
        raise unusable(origin, f"has a {MANIFEST_FILE} that is not JSON ({error})") from error
    if not isinstance(document, dict) or not isinstance(document.get("model", {}), dict):
        raise unusable(origin, f"has a {MANIFEST_FILE} that describes no model")
    return _read(document, origin, name)


def _read(document: dict[str, Any], origin: str, name: str) -> Manifest:
    model: Mapping[str, Any] = document.get("model", {})
    handler = _text(model, ("handler",), origin)
    if handler is None:
        raise unusable(origin, f"names no handler in {MANIFEST_FILE}: pack it again with --handler")
    files = {
        key: _member(model, key, origin) for key in ("serializedFile", "modelFile", "requirementsFile", "configFile")
    }
    return Manifest(
        model_name=_text(model, ("modelName",), origin) or name,
        model_version=_version(_text(model, ("modelVersion", "version"), origin), origin),
        handler=handler,
        serialized_file=files["serializedFile"],
        model_file=files["modelFile"],
        requirements_file=files["requirementsFile"],
        config_file=files["configFile"],
        envelope=_text(model, ("envelope",), origin),
        runtime=_runtime(document, origin),
        document=document,
    )


def _text(values: Mapping[str, Any], keys: Iterable[str], origin: str) -> str | None:
    """The value of the first key that is present: older archivers used other keys, and numbers for versions."""
    for key in keys:
        value = values.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise unusable(origin, f"has a {key} in {MANIFEST_FILE} that is not text ({value!r})")
        return str(value)
    return None


def _member(model: Mapping[str, Any], key: str, origin: str) -> str | None:
    name = _text(model, (key,), origin)
    if name is not None and (PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts):
        raise unusable(origin, f"has a {key} in {MANIFEST_FILE} that leaves the archive ({name!r})")
    return name


def _version(version: str | None, origin: str) -> str:
    if version is not None and "/" in version:
        raise unusable(origin, f"has the version {version!r}, which cannot stand in a URL: pack it again without '/'")
    return version or "1.0"


def _runtime(document: Mapping[str, Any], origin: str) -> Runtime:
    given = _text(document, ("runtime",), origin) or Runtime.python
    if given not in _PYTHON:
        raise unusable(origin, f"wants the runtime {given!r}; handlers run with {' or '.join(_PYTHON)} here")
    return Runtime(given)


def _conventional(root: Path, origin: str, name: str) -> Manifest:
    """The manifest of an archive that has none, if its files are unambiguous."""
    names = sorted(path.name for path in root.iterdir() if path.is_file())
    if not names:
        raise unusable(origin, "is empty")
    handler = _handler(names, origin)
    weights = [file for file in names if file.endswith(_WEIGHTS)]
    serialized = weights[0] if len(weights) == 1 else None
    requirements = _REQUIREMENTS if _REQUIREMENTS in names else None
    model = {
        "modelName": name,
        "modelVersion": "1.0",
        "handler": handler,
        **({"serializedFile": serialized} if serialized else {}),
        **({"requirementsFile": requirements} if requirements else {}),
    }
    return Manifest(
        model_name=name,
        handler=handler,
        serialized_file=serialized,
        requirements_file=requirements,
        document={"runtime": Runtime.python.value, "model": model},
    )


def _handler(names: list[str], origin: str) -> str:
    modules = [file for file in names if file.endswith(".py")]
    if CONVENTIONAL_HANDLER in modules:
        return CONVENTIONAL_HANDLER
    if len(modules) == 1:
        return modules[0]
    found = f"{len(modules)} Python files, none of them {CONVENTIONAL_HANDLER}" if modules else "no Python file"
    raise unusable(origin, f"has no {MANIFEST_FILE} and {found}: nothing tells which handler it wants")
