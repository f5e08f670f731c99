"""Opens stores by their location: a folder, or object storage."""

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
from transformermodel_predictor.objects.location import ObjectLocation, is_object_uri, meant_uri

_CACHED_STORES = "objects"
_DIGEST_LENGTH = 64


class UnwritableStore(UserError):
    """The folder of a store, or of the cache of one, cannot be created or written.

    Attributes:
        folder: the folder.
        why: what stands in the way.
    """

    def __init__(self, folder: Path, why: str) -> None:
        self.folder = folder
        self.why = why
        super().__init__(
            f"{folder} cannot be a store, because it cannot be written ({why}): name another folder with --store "
            "or $TRANSFORMERMODEL_STORE"
        )


@dataclass(frozen=True)
class StoreLocation:
    """The location of a store.

    Attributes:
        place: a folder on this machine, or an s3://, gs:// or az:// uri.
        cache: folder on this machine for the caches of object storage.
    """

    place: str
    cache: Path

    def open(self) -> LocalStore | ObjectStore:
        """The store, without a request to it.

        Raises:
            UserError: the uri is of an unsupported kind.
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
        if meant := meant_uri(self.place):
            raise UserError(f"{self.place} cannot be a store: {meant} is meant, or the folder ./{self.place}")
        return LocalStore(Path(self.place))

    def require_usable(self) -> None:
        """Check that the store can be written, and create its folder. Object storage is not contacted.

        Raises:
            UnwritableStore: the folder cannot be created or written.
            UserError: the uri is of an unsupported kind.
            OSError: the disk is full, or a quota on it.
        """
        self.open()
        folder = self.workplace
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            why = "it is a file" if folder.is_file() else os.strerror(error.errno or 0)
            raise UnwritableStore(folder, why) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UnwritableStore(folder, os.strerror(errno.EACCES))

    def require_there(self) -> None:
        """Check that the store exists, or is this machine's default, which the first preparation creates.

        Object storage is not contacted: reading from it reports what is missing.

        Raises:
            UserError: the folder does not exist, or the uri is of an unsupported kind.
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
        """Folder on this machine in which preparations for the store work."""
        return self.cache if is_object_uri(self.place) else Path(self.place)

    def collectable(self) -> tuple[Collectable, ...]:
        """The store, and this machine's cache of it, for the collector."""
        store = self.open()
        if isinstance(store, LocalStore):
            return (LocalCollectable(store.root),)
        return ObjectCollectable(store.bucket), LocalCollectable(store.folder)

    def path_of(self, path: str) -> str:
        """The full location of a path in the store, for people."""
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
