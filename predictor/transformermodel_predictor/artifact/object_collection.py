"""The collector's view of a store in object storage."""

from datetime import datetime

from transformermodel_predictor.artifact.collection import Input, Kept, StoreContent
from transformermodel_predictor.artifact.collector import Attempt
from transformermodel_predictor.artifact.lease import LEASES
from transformermodel_predictor.artifact.manifest import MANIFEST_FILE
from transformermodel_predictor.artifact.object_references import ObjectReferences
from transformermodel_predictor.artifact.store import ARTIFACTS, INPUTS
from transformermodel_predictor.objects.bucket import Bucket, StoredObject


class ObjectCollectable:
    """A store in a bucket. Implements `Collectable`.

    Object storage has no locks. An artifact in use has a reference, or an input that was looked up recently: the grace
    period must be longer than a preparation takes.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._references = ObjectReferences(bucket)

    def content(self, leaving: str | None = None) -> StoreContent:
        """What is in the store now; see `Collectable`."""
        artifacts: dict[str, list[StoredObject]] = {}
        for stored in self._bucket.list(ARTIFACTS):
            artifacts.setdefault(stored.key.split("/")[1], []).append(stored)
        return StoreContent(
            artifacts={digest: _kept(objects) for digest, objects in artifacts.items()},
            inputs=self._remembered(),
            referenced=self._references.used(leaving),
            leftovers={stored.key: _kept([stored]) for stored in self._bucket.list(LEASES)},
        )

    def references(self) -> tuple[str, ...]:
        """See `Collectable`."""
        return self._references.models()

    def used_by(self, reference: str) -> tuple[str, ...]:
        """The digests that a model uses; see `Collectable`."""
        return self._references.used_by(reference)

    def forget(self, reference: str) -> None:
        """Forget what a model used; see `Collectable`."""
        self._references.forget(reference)

    def remove_artifact(
        self, digest: str, inputs: tuple[str, ...], unneeded_since: datetime, leaving: str | None = None
    ) -> Attempt:
        """Remove an artifact, its manifest first, which makes the rest unreachable; see `Collectable`."""
        asked_for = any(item.digest == digest and item.used > unneeded_since for item in self._remembered().values())
        if asked_for or digest in self._references.used(leaving):
            return Attempt.Needed
        self.remove_inputs(inputs)
        place = f"{ARTIFACTS}/{digest}"
        objects = [stored.key for stored in self._bucket.list(place)]
        manifest = f"{place}/{MANIFEST_FILE}"
        self._bucket.remove(sorted(objects, key=lambda key: key != manifest))
        return Attempt.Removed if objects else Attempt.Gone

    def remove_inputs(self, keys: tuple[str, ...]) -> None:
        """See `Collectable`."""
        self._bucket.remove(f"{INPUTS}/{key}" for key in keys)

    def remove_leftover(self, name: str) -> bool:
        """Remove a lease that was not renewed for the grace period; see `Collectable`."""
        self._bucket.remove([name])
        return True

    def _remembered(self) -> dict[str, Input]:
        found = {}
        for stored in self._bucket.list(INPUTS):
            content = self._bucket.read(stored.key)
            if content is not None:
                found[stored.key.rpartition("/")[2]] = Input(content.decode("ascii").strip(), stored.modified)
        return found


def _kept(objects: list[StoredObject]) -> Kept:
    return Kept(size=sum(stored.size for stored in objects), used=max(stored.modified for stored in objects))
