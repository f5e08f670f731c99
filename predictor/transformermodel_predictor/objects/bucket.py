"""Operations on the objects of a bucket."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from transformermodel_predictor.objects.failure import object_failures_classified
from transformermodel_predictor.objects.location import ObjectLocation
from transformermodel_predictor.objects.refusal import refusal_of
from transformermodel_predictor.objects.service import Service, connect

_NOT_THAT_VERSION = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND)
"""It has another, it is being given one just now, or there is no such object."""


@dataclass(frozen=True)
class StoredObject:
    """An object as listed by its service.

    Attributes:
        key: relative to the bucket's location.
        size: in bytes.
        version: its generation or ETag, which changes with every write.
        modified: time of the last write, by the service's clock.
    """

    key: str
    size: int
    version: str
    modified: datetime


class Bucket:
    """The objects below a location. Keys are relative to it, with `/` between their parts.

    Every method raises `PreparationFailed` with the class of what went wrong.
    """

    def __init__(self, location: ObjectLocation, service: Service | None = None) -> None:
        self.location = location
        self._given = service

    @property
    def _service(self) -> Service:
        if self._given is None:
            self._given = connect(self.location.scheme)
        return self._given

    def below(self, key: str) -> "Bucket":
        """The bucket of the objects below a key, over the same connection."""
        return Bucket(self.location.at(key), self._service)

    def list(self, key: str = "") -> list[StoredObject]:
        """The objects below a key, sorted by key; empty if there are none."""
        path = self._path(key)
        with self._classified(key):
            found: dict[str, Any] = self._service.files.find(path, detail=True)
        return sorted(
            (self._stored(entry) for entry in found.values() if entry["type"] == "file"), key=lambda stored: stored.key
        )

    def state(self, key: str = "") -> StoredObject | None:
        """One object, or None if it does not exist."""
        with self._classified(key):
            entry = self._absent_is_none(self._service.files.info, self._path(key))
        return self._stored(entry) if entry is not None and entry["type"] == "file" else None

    def read(self, key: str) -> bytes | None:
        """The content of a small object, or None if it does not exist."""
        with self._classified(key):
            content: bytes | None = self._absent_is_none(self._service.files.cat_file, self._path(key))
        return content

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`."""
        with self._classified(key):
            content: bytes = self._service.files.cat_file(self._path(key), start=start, end=stop)
        return content

    def write(self, key: str, content: bytes) -> None:
        """Write a small object, replacing any other."""
        with self._classified(key):
            self._service.files.pipe_file(self._path(key), content)

    def create(self, key: str, content: bytes) -> bool:
        """Write a small object unless it exists (If-None-Match: *); returns whether it was written. One writer wins."""
        with self._classified(key):
            try:
                self._service.files.pipe_file(self._path(key), content, mode="create")
            except FileExistsError:
                return False
        return True

    def replace(self, key: str, content: bytes, version: str) -> bool:
        """Replace a small object if it still has this version (If-Match); returns whether it had. One writer wins."""
        with self._classified(key):
            try:
                self._service.files.pipe_file(self._path(key), content, **self._service.over(version))
            except Exception as error:
                if not _is_of_another_version(error):
                    raise
                return False
        return True

    def upload(self, file: Path, key: str) -> None:
        """Upload a file as an object, in parts if it is large. The object appears atomically once it is complete."""
        with self._classified(key):
            self._service.files.put_file(str(file), self._path(key), **self._service.upload)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects one by one, in order; missing ones are ignored."""
        for key in keys:
            with self._classified(key):
                self._absent_is_none(self._service.files.rm_file, self._path(key))

    def _path(self, key: str) -> str:
        return self.location.at(key).path if key else self.location.path

    def _stored(self, entry: dict[str, Any]) -> StoredObject:
        version = entry.get("generation") or entry.get("ETag") or entry.get("etag")
        modified = entry.get("LastModified") or entry.get("last_modified") or entry.get("updated")
        return StoredObject(
            key=str(entry["name"]).removeprefix(self.location.path).removeprefix("/"),
            size=int(entry["size"]),
            version=str(version).strip('"'),
            modified=modified if isinstance(modified, datetime) else datetime.fromisoformat(str(modified)),
        )

    @contextmanager
    def _classified(self, key: str) -> Iterator[None]:
        with object_failures_classified(self.location.at(key) if key else self.location, self._service):
            yield

    @staticmethod
    def _absent_is_none(ask: Any, path: str) -> Any:  # noqa: ANN401 - fsspec has no types
        try:
            return ask(path)
        except FileNotFoundError:
            return None


def _is_of_another_version(error: Exception) -> bool:
    """Whether a conditional write was refused because the object has another version."""
    refusal = refusal_of(error)
    return isinstance(error, FileExistsError) or (refusal is not None and refusal.status in _NOT_THAT_VERSION)
