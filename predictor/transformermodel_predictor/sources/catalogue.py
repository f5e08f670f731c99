"""Creates the source for a uri."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_api.failures import FailureReason
from transformermodel_api.origin import without_secrets
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme
from transformermodel_predictor.sources.archive import FileSource, LocalFile, existing_file, names_a_file
from transformermodel_predictor.sources.directory import DirectorySource
from transformermodel_predictor.sources.https import CONTROL, HttpsFile
from transformermodel_predictor.sources.hub import HubSource
from transformermodel_predictor.sources.objects import ObjectFile, ObjectSource
from transformermodel_predictor.sources.package import PackageSource, path_in_package
from transformermodel_predictor.sources.selection import Selection, needed_files
from transformermodel_predictor.sources.source import Source


@dataclass(frozen=True)
class SourceRequest:
    """A parsed source uri, before any look-up.

    Attributes:
        scheme: what comes before :// in the uri.
        location: the uri without its scheme.
        revision: branch, tag or commit; only a hub has them.
        base: folder that relative paths start from.
        selection: which files are wanted.
    """

    scheme: str
    location: str
    revision: str | None
    base: Path
    selection: Selection


def _hub(request: SourceRequest) -> Source:
    return HubSource(request.location, request.revision, request.selection)


def _package(request: SourceRequest) -> Source:
    package, _, path = request.location.partition("/")
    if names_a_file(path):
        uri = f"package://{request.location}"
        file = LocalFile(lambda: existing_file(path_in_package(package, path), uri), uri)
        return FileSource(file, request.selection)
    return PackageSource(package, path, request.selection)


def _directory(request: SourceRequest) -> Source:
    place, uri = request.base / request.location, f"file://{request.location}"
    if place.is_file() or (names_a_file(place.name) and not place.is_dir()):
        return FileSource(LocalFile(lambda: existing_file(place, uri), uri), request.selection)
    return DirectorySource(place, uri, request.selection)


def _https(request: SourceRequest) -> Source:
    return FileSource(HttpsFile(f"https://{request.location}"), request.selection)


def _objects(request: SourceRequest) -> Source:
    location = ObjectLocation.parse(f"{request.scheme}://{request.location}")
    if names_a_file(location.key):
        return FileSource(ObjectFile(Bucket(location)), request.selection)
    return ObjectSource(Bucket(location), request.selection)


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


def source_for(uri: str, revision: str | None, base: Path, selection: Selection = needed_files) -> Source:
    """The source that a uri names.

    Args:
        uri: `hf://org/name`, `https://host/file`, `package://python.package/path`, `file://path`, or in object storage
            `s3://`, `gs://`, `az://`.
        revision: branch, tag or commit; only a hub has them.
        base: folder that relative paths start from.
        selection: which files are wanted.

    Raises:
        PreparationFailed: UnsupportedSource, this version cannot read such a uri.
    """
    shown, (scheme, separator, location) = without_secrets(uri), uri.partition("://")
    if not separator or scheme not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{shown} cannot be read here; there are {known}.")
    if control := CONTROL.search(uri):
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"the uri {shown!r} holds the control character {control[0]!r}."
        )
    try:
        return _SCHEMES[scheme](SourceRequest(scheme, location, revision, base, selection))
    except UserError as error:
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{shown} is no such uri: {error}.") from error
    except ValueError as error:  # its text may quote the uri
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{shown} is no such uri.") from error
