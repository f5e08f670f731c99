"""Models' references to artifacts in object storage: without locks, so no object is ever read and rewritten.

refs/<cluster>/<namespace>/<name>~<digest>    a model uses an artifact; rewritten whenever the model is prepared to it

Beside these, `refs/<cluster>/<namespace>/<name>` has what earlier versions wrote: one digest a line, the newest first.
It is read, and only ever removed with its model.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from transformermodel_predictor.artifact.references import KEPT_REVISIONS, digests_of, reference_key
from transformermodel_predictor.artifact.store import REFERENCES
from transformermodel_predictor.objects.bucket import Bucket, StoredObject

_SEPARATOR = "~"
"""Kubernetes names cannot contain it, and no service encodes it."""


@dataclass(frozen=True)
class Note:
    """The content of a reference object.

    Attributes:
        key: of the object.
        model: CLUSTER/NAMESPACE/NAME.
        digests: artifacts that the model uses, the newest first.
        written: time of the write, by the service's clock.
    """

    key: str
    model: str
    digests: tuple[str, ...]
    written: datetime


class ObjectReferences:
    """The references of a store in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def add(self, reference: str, digest: str) -> None:
        """Record that a model uses an artifact, and drop all but its newest references."""
        model = reference_key(reference)
        key, content = f"{REFERENCES}/{model}{_SEPARATOR}{digest}", f"{digest}\n".encode("ascii")
        self._bucket.write(key, content)
        notes = self._of(model)
        if all(note.key != key for note in notes):  # removed by another process that had listed it as an old one
            self._bucket.write(key, content)
        kept = {digest, *newest(notes)}
        for note in notes:
            if _SEPARATOR in note.key.rpartition("/")[2] and kept.isdisjoint(note.digests):
                self._remove_unless_renewed(note)

    def _remove_unless_renewed(self, note: Note) -> None:
        """Remove an old note, unless it was rewritten since it was listed.

        Not every service supports conditional removal. A note that is rewritten between check and removal is missed by
        its writer, which writes it again.
        """
        now = self._bucket.state(note.key)
        if now is not None and now.modified <= note.written:
            self._bucket.remove([note.key])

    def models(self) -> tuple[str, ...]:
        """The models that have references, sorted."""
        names = (stored.key.removeprefix(f"{REFERENCES}/") for stored in self._bucket.list(REFERENCES))
        return tuple(sorted({name.partition(_SEPARATOR)[0] for name in names}))

    def used_by(self, reference: str) -> tuple[str, ...]:
        """The digests that a model uses, the newest first."""
        return newest(self._of(reference_key(reference)))

    def used(self, leaving: str | None) -> frozenset[str]:
        """The digests that models use, without those of the model `leaving`."""
        left_out = None if leaving is None else reference_key(leaving)
        models: dict[str, list[Note]] = {}
        for note in self._below(REFERENCES):
            if note.model != left_out:
                models.setdefault(note.model, []).append(note)
        return frozenset(digest for notes in models.values() for digest in newest(notes))

    def forget(self, reference: str) -> None:
        """Remove a model's references."""
        self._bucket.remove(note.key for note in self._of(reference_key(reference)))

    def _of(self, model: str) -> list[Note]:
        namespace, _, _ = model.rpartition("/")
        return [note for note in self._below(f"{REFERENCES}/{namespace}") if note.model == model]

    def _below(self, key: str) -> list[Note]:
        return [self._note(stored) for stored in self._bucket.list(key)]

    def _note(self, stored: StoredObject) -> Note:
        name = stored.key.removeprefix(f"{REFERENCES}/")
        model, separator, digest = name.rpartition(_SEPARATOR)
        if separator:
            return Note(stored.key, model, (digest,), stored.modified)
        content = self._bucket.read(stored.key) or b""  # removed meanwhile
        return Note(stored.key, name, digests_of(content.decode("ascii")), stored.modified)


def newest(notes: Iterable[Note]) -> tuple[str, ...]:
    """The last few digests that one model's notes name, the newest first."""
    latest_first = sorted(notes, key=lambda note: note.written, reverse=True)
    return tuple(dict.fromkeys(digest for note in latest_first for digest in note.digests))[:KEPT_REVISIONS]
