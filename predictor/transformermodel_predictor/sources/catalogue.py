"""Which kind of source a uri names."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme
from transformermodel_predictor.sources.archive import FileSource, LocalFile, existing_file
from transformermodel_predictor.sources.directory import DirectorySource
from transformermodel_predictor.sources.https import HttpsFile
from transformermodel_predictor.sources.hub import HubSource
from transformermodel_predictor.sources.objects import ObjectFile, ObjectSource
from transformermodel_predictor.sources.package import PackageSource, path_in_package
from transformermodel_predictor.sources.source import Source
from transformermodel_predictor.sources.unpacking import is_archive


@dataclass(frozen=True)
class SourceRequest:
    """What is known of a source before anybody is asked.

    Attributes:
        scheme: what comes before :// in the uri.
        location: the uri without its scheme.
        revision: branch, tag or commit; only a hub has them.
        base: folder that relative paths start from.
        code: whether Python files are wanted too, because they may run.
    """

    scheme: str
    location: str
    revision: str | None
    base: Path
    code: bool


def _hub(request: SourceRequest) -> Source:
    return HubSource(request.location, request.revision, code=request.code)


def _package(request: SourceRequest) -> Source:
    package, _, path = request.location.partition("/")
    if is_archive(path):
        uri = f"package://{request.location}"
        find = LocalFile(lambda: existing_file(path_in_package(package, path), uri), uri)
        return FileSource(find, code=request.code)
    return PackageSource(package, path, code=request.code)


def _directory(request: SourceRequest) -> Source:
    place, uri = request.base / request.location, f"file://{request.location}"
    if is_archive(place.name) and not place.is_dir():
        return FileSource(LocalFile(lambda: existing_file(place, uri), uri), code=request.code)
    return DirectorySource(place, uri, code=request.code)


def _https(request: SourceRequest) -> Source:
    return FileSource(HttpsFile(f"https://{request.location}"), code=request.code)


def _objects(request: SourceRequest) -> Source:
    location = ObjectLocation.parse(f"{request.scheme}://{request.location}")
    if is_archive(location.key):
        return FileSource(ObjectFile(Bucket(location)), code=request.code)
    return ObjectSource(Bucket(location), code=request.code)


def _claim(request: SourceRequest) -> Source:
    claim = request.location.partition("/")[0]
    raise PreparationFailed(
        FailureReason.UnsupportedSource,
        f"pvc://{request.location} is on a claim, which only a cluster can mount: mount {claim} and name the folder "
        "as file://.",
    )


_SCHEMES: dict[str, Callable[[SourceRequest], Source]] = {
    "file": _directory,
    "hf": _hub,
    "https": _https,
    "package": _package,
    "pvc": _claim,
    **dict.fromkeys(Scheme, _objects),
}


def source_for(uri: str, revision: str | None, base: Path, *, code: bool = False) -> Source:
    """The source that a uri names.

    Args:
        uri: `hf://org/name`, `package://python.package/path`, `file://path`, or in object storage `s3://`, `gs://`, `az://`.
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
    return _SCHEMES[scheme](SourceRequest(scheme, location, revision, base, code))
