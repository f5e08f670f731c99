"""Which kind of source a uri names."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.directory import DirectorySource
from transformermodel_predictor.sources.hub import HubSource
from transformermodel_predictor.sources.package import PackageSource
from transformermodel_predictor.sources.source import Source


@dataclass(frozen=True)
class SourceRequest:
    """What is known of a source before anybody is asked.

    Attributes:
        location: the uri without its scheme.
        revision: branch, tag or commit; only a hub has them.
        base: folder that relative paths start from.
        code: whether Python files are wanted too, because they may run.
    """

    location: str
    revision: str | None
    base: Path
    code: bool


def _hub(request: SourceRequest) -> Source:
    return HubSource(request.location, request.revision, code=request.code)


def _package(request: SourceRequest) -> Source:
    package, _, path = request.location.partition("/")
    return PackageSource(package, path, code=request.code)


def _directory(request: SourceRequest) -> Source:
    return DirectorySource(request.base / request.location, f"file://{request.location}", code=request.code)


_SCHEMES: dict[str, Callable[[SourceRequest], Source]] = {
    "file": _directory,
    "hf": _hub,
    "package": _package,
}


def source_for(uri: str, revision: str | None, base: Path, *, code: bool = False) -> Source:
    """The source that a uri names.

    Args:
        uri: `hf://org/name`, `package://python.package/path` or `file://path`.
        revision: branch, tag or commit; only a hub has them.
        base: folder that relative paths start from.
        code: whether Python files are wanted too, because they may run.

    Raises:
        PreparationFailed: UnsupportedSource, this version cannot read such a uri.
    """
    scheme, separator, location = uri.partition("://")
    if not separator or scheme not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{uri} cannot be read here; there are {known}.")
    return _SCHEMES[scheme](SourceRequest(location, revision, base, code))
