"""package://: a folder inside an installed Python package."""

import json
from importlib.metadata import Distribution, distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.selection import Selection, needed_files
from transformermodel_predictor.sources.source import Listing, Resolved
from transformermodel_predictor.sources.tree import source_files, survey_files, tree_hash


class PackageSource:
    """A folder inside an installed package, which does not change under one version. Implements `Source`.

    The package is located without importing it; only the parents of a dotted name are imported.
    """

    def __init__(self, package: str, path: str, selection: Selection = needed_files) -> None:
        self._package = package
        self._path = path
        self._uri = f"package://{package}/{path}".rstrip("/")
        self._selection = selection

    def resolve(self) -> Resolved:
        """Look up the version; a package without one, or an editable install, is identified by its content."""
        folder = self._folder()
        files = source_files(folder, self._uri, self._selection)
        version = _fixed_version(self._package.partition(".")[0])
        if version is None:
            checksum = tree_hash(folder, files)
            return Resolved(identity=f"tree@{checksum}", commit=checksum)
        return Resolved(identity=f"{self._uri}@{version}", commit=version)

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """The needed files, which are local already."""
        return survey_files(source_files(self._folder(), self._uri, self._selection))

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """The folder itself, which is local already."""
        files = source_files(self._folder(), self._uri, self._selection)
        total = sum(file.stat().st_size for file in files)
        progress.bytes(total, total)
        return self._folder()

    def _folder(self) -> Path:
        folder = path_in_package(self._package, self._path)
        if not folder.is_dir():
            raise PreparationFailed(
                FailureReason.NotFound, f"the package {self._package} has no folder {self._path!r} ({self._uri})."
            )
        return folder


def path_in_package(package: str, path: str) -> Path:
    """The location of a path inside a package; it need not exist.

    Raises:
        PreparationFailed: NotFound, the package is not installed; UnsupportedSource, the path leaves it.
    """
    root = _package_folder(package)
    place = (root / path).resolve()
    if not place.is_relative_to(root.resolve()):
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"package://{package}/{path} leaves the package {package}."
        )
    return place


def _package_folder(package: str) -> Path:
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        top = package.partition(".")[0]
        raise PreparationFailed(
            FailureReason.NotFound,
            f"the Python package {package} is not installed here: `pip install {top.replace('_', '-')}`.",
        )
    return Path(spec.submodule_search_locations[0])


def _fixed_version(package: str) -> str | None:
    """Version of a package's distribution; None if its files may change under one version."""
    names = packages_distributions().get(package, [])
    if len(names) != 1:
        return None
    found = distribution(names[0])
    return None if _is_editable(found) else found.version


def _is_editable(found: Distribution) -> bool:
    """Whether the package is an editable install (PEP 610)."""
    origin = found.read_text("direct_url.json")
    return origin is not None and bool(json.loads(origin).get("dir_info", {}).get("editable"))
