"""Which kind of store a place is: a folder, or object storage."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from transformermodel_api.errors import UserError
from transformermodel_api.identity import fingerprint
from transformermodel_predictor.artifact.collector import Collectable
from transformermodel_predictor.artifact.local_collection import LocalCollectable
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.artifact.object_collection import ObjectCollectable
from transformermodel_predictor.artifact.object_store import ObjectStore
from transformermodel_predictor.artifact.store import ARTIFACTS
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, is_object_uri

_CACHED_STORES = "objects"
_DIGEST_LENGTH = 64


@dataclass(frozen=True)
class StoreLocation:
    """Where a store is.

    Attributes:
        place: a folder of this machine, or an s3://, gs:// or az:// uri.
        cache: folder of this machine for what passes through it on the way from and to object storage.
    """

    place: str
    cache: Path

    def open(self) -> LocalStore | ObjectStore:
        """The store. Nobody is asked yet.

        Raises:
            UserError: there is no store of this kind.
        """
        if is_object_uri(self.place):
            location = ObjectLocation.parse(self.place)
            # Stores share nothing: one artifact may be damaged in one of them and whole in another.
            folder = self.cache / _CACHED_STORES / fingerprint({"store": str(location)})[:16]
            return ObjectStore(Bucket(location), folder)
        if "://" in self.place:
            raise UserError(
                f"{self.place} cannot be a store here: name a folder (of a claim, where it is mounted), "
                "or an s3://, gs:// or az:// uri"
            )
        return LocalStore(Path(self.place))

    def require_usable(self) -> None:
        """Pass if something can be prepared into the store; its folder is made. Object storage is not asked.

        Raises:
            UserError: the folder cannot be made or written, or there is no store of this kind.
        """
        self.open()
        folder = self.workplace
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = "it is a file" if folder.is_file() else error.strerror
        else:
            if os.access(folder, os.W_OK | os.X_OK):
                return
            why = os.strerror(errno.EACCES)
        raise UserError(
            f"{folder} cannot be a store, for nothing can be written there ({why}): name another folder with --store "
            "or $TRANSFORMERMODEL_STORE"
        )

    def require_there(self) -> None:
        """Pass if there is a store, or it is this machine's own, which the first preparation makes.

        Object storage is not asked: whoever reads from it is told what is missing.

        Raises:
            UserError: there is no such folder, or no store of this kind.
        """
        self.open()
        folder = Path(self.place)
        if is_object_uri(self.place) or folder.is_dir() or folder == self.cache:
            return
        why = "it is a file" if folder.exists() else "there is no such folder"
        raise UserError(
            f"{folder} is no store ({why}): name the one that models were prepared into with --store or "
            "$TRANSFORMERMODEL_STORE"
        )

    @property
    def workplace(self) -> Path:
        """Folder of this machine in which preparations for the store work."""
        return self.cache if is_object_uri(self.place) else Path(self.place)

    def collectable(self) -> tuple[Collectable, ...]:
        """The store as a collector sees it, and what this machine keeps of it."""
        store = self.open()
        if isinstance(store, LocalStore):
            return (LocalCollectable(store.root),)
        return ObjectCollectable(store.bucket), LocalCollectable(store.folder)

    def path_of(self, path: str) -> str:
        """Where something in the store is, for people."""
        return f"{self.place.rstrip('/')}/{path}"


@dataclass(frozen=True)
class ArtifactLocation:
    """An artifact in object storage."""

    store: StoreLocation
    digest: str

    @classmethod
    def parse(cls, uri: str, cache: Path) -> "ArtifactLocation":
        """Read `<store>/artifacts/<digest>`.

        Raises:
            UserError: the uri has another form.
        """
        rest, _, digest = uri.rstrip("/").rpartition("/")
        store, _, folder = rest.rpartition("/")
        if not is_object_uri(uri) or folder != ARTIFACTS or len(digest) != _DIGEST_LENGTH:
            raise UserError(f"{uri} names no artifact: it must end with /{ARTIFACTS}/ and a digest")
        return cls(StoreLocation(store, cache), digest)
