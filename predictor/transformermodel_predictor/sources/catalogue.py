"""Which kind of source a uri names."""

from collections.abc import Callable
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.directory import DirectorySource
from transformermodel_predictor.sources.hub import HubSource
from transformermodel_predictor.sources.package import PackageSource
from transformermodel_predictor.sources.source import Source


def _hub(location: str, revision: str | None, _base: Path) -> Source:
    return HubSource(location, revision)


def _package(location: str, _revision: str | None, _base: Path) -> Source:
    package, _, path = location.partition("/")
    return PackageSource(package, path)


def _directory(location: str, _revision: str | None, base: Path) -> Source:
    return DirectorySource(base / location, f"file://{location}")


_SCHEMES: dict[str, Callable[[str, str | None, Path], Source]] = {
    "file": _directory,
    "hf": _hub,
    "package": _package,
}


def source_for(uri: str, revision: str | None, base: Path) -> Source:
    """The source that a uri names.

    Args:
        uri: `hf://org/name`, `package://python.package/path` or `file://path`.
        revision: branch, tag or commit; only a hub has them.
        base: folder that relative paths start from.

    Raises:
        PreparationFailed: UnsupportedSource, this version cannot read such a uri.
    """
    scheme, separator, location = uri.partition("://")
    if not separator or scheme not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{uri} cannot be read here; there are {known}.")
    return _SCHEMES[scheme](location, revision, base)
