"""s3://, gs:// and az://: a folder of objects, or one object that is an archive of such a folder."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.identity import fingerprint
from transformermodel_predictor.objects.bucket import Bucket, StoredObject
from transformermodel_predictor.objects.fetch import WantedObject, fetch
from transformermodel_predictor.preparation.progress import Progress
from transformermodel_predictor.sources.selection import needed_files
from transformermodel_predictor.sources.source import Listing, Resolved

_CONFIGURATION = "config.json"


class ObjectSource:
    """Objects that somebody may replace at any time: they are identified by the versions that their service keeps."""

    def __init__(self, bucket: Bucket, *, code: bool = False) -> None:
        self._bucket = bucket
        self._uri = str(bucket.location)
        self._code = code

    def resolve(self) -> Resolved:
        """List the objects."""
        return self._identified(self._needed())

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """The needed objects; config.json is read where they are no archive."""
        sizes = {self._name(stored): stored.size for stored in self._needed()}
        return Listing(sizes, self._text(_CONFIGURATION) if _CONFIGURATION in sizes else None)

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Download the needed objects, several ranges at once, going on where an earlier attempt ended."""
        objects = self._needed()
        self._require_unchanged(objects, resolved)
        total = sum(stored.size for stored in objects)
        wanted = [WantedObject.of(stored.key, self._name(stored), stored.size) for stored in objects]
        fetch(self._bucket, wanted, folder, lambda done: progress.bytes(done, total))
        try:
            self._require_unchanged(self._needed(), resolved)
        except PreparationFailed:
            shutil.rmtree(folder)
            raise
        return folder

    def _needed(self) -> Sequence[StoredObject]:
        """The objects that are needed, sorted: those at the top of the folder, or the archive alone."""
        found = {stored.key: stored for stored in self._bucket.list()}
        if not found:
            raise PreparationFailed(FailureReason.NotFound, f"{self._uri} is not there.")
        if set(found) == {""}:
            return tuple(found.values())
        top = [key for key in found if "/" not in key]
        return tuple(found[name] for name in needed_files(top, self._uri, self._text, code=self._code))

    def _text(self, name: str) -> str:
        return (self._bucket.read(name) or b"").decode("utf-8", "replace")

    def _name(self, stored: StoredObject) -> str:
        return stored.key or self._bucket.location.key.rpartition("/")[2]

    def _identified(self, objects: Sequence[StoredObject]) -> Resolved:
        state = fingerprint({stored.key: [stored.size, stored.version] for stored in objects})
        return Resolved(identity=f"{self._uri}@{state}", commit=state)

    def _require_unchanged(self, objects: Sequence[StoredObject], resolved: Resolved) -> None:
        if self._identified(objects) != resolved:
            raise PreparationFailed(
                FailureReason.ChecksumMismatch, f"{self._uri} was changed while it was read: start again."
            )
