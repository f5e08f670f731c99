"""s3://, gs:// and az://: a folder of objects, or a single object such as an archive."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.identity import fingerprint
from transformermodel_predictor.objects.bucket import Bucket, StoredObject
from transformermodel_predictor.objects.fetch import WantedObject, fetch
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.selection import Selection, needed_files
from transformermodel_predictor.sources.source import Listing, Resolved

_CONFIGURATION = "config.json"


class ObjectSource:
    """Objects that may be replaced at any time, and so are identified by their versions. Implements `Source`."""

    def __init__(self, bucket: Bucket, selection: Selection = needed_files) -> None:
        self._bucket = bucket
        self._uri = str(bucket.location)
        self._selection = selection

    def resolve(self) -> Resolved:
        """List the objects."""
        return _identified(self._uri, self._needed())

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """The needed objects."""
        sizes = {stored.key: stored.size for stored in self._needed()}
        return Listing(sizes, self._text(_CONFIGURATION) if _CONFIGURATION in sizes else None)

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Download the needed objects, several ranges at once, resuming an earlier attempt."""
        objects = self._needed()
        self._require_unchanged(objects, resolved)
        total = sum(stored.size for stored in objects)
        wanted = [WantedObject.of(stored.key, stored.key, stored.size) for stored in objects]
        fetch(self._bucket, wanted, folder, lambda done: progress.bytes(done, total))
        try:
            self._require_unchanged(self._needed(), resolved)
        except PreparationFailed:
            shutil.rmtree(folder)
            raise
        return folder

    def _needed(self) -> Sequence[StoredObject]:
        """The needed objects at the top of the folder, sorted."""
        found = {stored.key: stored for stored in self._bucket.list()}
        if not found:
            raise PreparationFailed(FailureReason.NotFound, f"{self._uri} is not there.")
        top = [key for key in found if "/" not in key]
        return tuple(found[name] for name in self._selection(top, self._uri, self._text))

    def _text(self, name: str) -> str:
        return (self._bucket.read(name) or b"").decode("utf-8", "replace")

    def _require_unchanged(self, objects: Sequence[StoredObject], resolved: Resolved) -> None:
        _require(_identified(self._uri, objects), resolved, self._uri)


class ObjectFile:
    """A single object as a source: an archive, or weights. Implements `SourceFile`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.uri = str(bucket.location)

    def resolve(self) -> Resolved:
        """Look up the object's version."""
        return _identified(self.uri, [self._state()])

    def listing(self) -> Listing:
        """The file alone."""
        return Listing({self._name: self._state().size}, None)

    def fetch(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Download the object, several ranges at once, resuming an earlier attempt."""
        state = self._state()
        _require(_identified(self.uri, [state]), resolved, self.uri)
        wanted = WantedObject.of("", self._name, state.size)
        fetch(self._bucket, [wanted], folder, lambda done: progress.bytes(done, state.size))
        try:
            _require(self.resolve(), resolved, self.uri)
        except PreparationFailed:
            shutil.rmtree(folder)
            raise
        return folder / self._name

    @property
    def _name(self) -> str:
        return self._bucket.location.key.rpartition("/")[2]

    def _state(self) -> StoredObject:
        state = self._bucket.state()
        if state is None:
            raise PreparationFailed(FailureReason.NotFound, f"{self.uri} is not there.")
        return state


def _identified(uri: str, objects: Sequence[StoredObject]) -> Resolved:
    state = fingerprint({stored.key: [stored.size, stored.version] for stored in objects})
    return Resolved(identity=f"{uri}@{state}", commit=state)


def _require(now: Resolved, resolved: Resolved, uri: str) -> None:
    if now != resolved:
        raise PreparationFailed(FailureReason.ChecksumMismatch, f"{uri} was changed while it was read: start again.")
