"""Where artifacts are stored: a folder on a PersistentVolumeClaim, or object storage."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from transformermodel_api.spec import TransformerModelSpec
from transformermodel_operator.settings import Settings

_CLAIM_SCHEME = "pvc://"
_OBJECT_SCHEMES = ("s3://", "gs://", "az://")

STORE_MOUNT = "/mnt/store"
"""Where a Job's container mounts the claim."""


def is_object_uri(uri: str) -> bool:
    """Whether a uri names something in object storage."""
    return uri.startswith(_OBJECT_SCHEMES)


@dataclass(frozen=True)
class StorageLocation:
    """A folder on a PersistentVolumeClaim; `folder` is empty for the claim's root."""

    claim: str
    folder: str = ""

    @classmethod
    def parse(cls, uri: str) -> "StorageLocation":
        """Parse `pvc://claim` or `pvc://claim/path`.

        Raises:
            ValueError: the uri has another form, or its path has `..` in it.
        """
        claim, _, folder = uri.removeprefix(_CLAIM_SCHEME).partition("/")
        if not uri.startswith(_CLAIM_SCHEME) or not claim or ".." in PurePosixPath(folder).parts:
            raise ValueError(
                f"{uri!r} is not a storage uri: it must be pvc://claim, s3://bucket, gs://bucket or az://container, "
                "and a path after it where wanted"
            )
        return cls(claim, folder.strip("/"))

    def __str__(self) -> str:
        return self.uri()

    def uri(self, path: str = "") -> str:
        """The uri of the folder, or of a path in it."""
        return _CLAIM_SCHEME + "/".join(part for part in (self.claim, self.folder, path) if part)

    @property
    def store(self) -> str:
        """The store, as the Job's command line names it."""
        return f"{STORE_MOUNT}/{self.folder}" if self.folder else STORE_MOUNT

    @property
    def secret(self) -> str | None:
        """None: a claim needs no credentials."""
        return None

    @property
    def volumes(self) -> list[dict[str, Any]]:
        """The volumes of the Job's pod."""
        return [{"name": "store", "persistentVolumeClaim": {"claimName": self.claim}}]

    @property
    def mounts(self) -> list[dict[str, Any]]:
        """The mounts of the Job's container."""
        return [{"name": "store", "mountPath": STORE_MOUNT}]


@dataclass(frozen=True)
class ObjectStorage:
    """A location in object storage.

    Attributes:
        place: its uri, such as s3://bucket/path.
        secret: name of the secret with its credentials, which the operator never reads; None without credentials.
    """

    place: str
    secret: str | None = None

    def __str__(self) -> str:
        return self.uri()

    def uri(self, path: str = "") -> str:
        """The uri of the location, or of a path below it."""
        return "/".join(part for part in (self.place.rstrip("/"), path) if part)

    @property
    def store(self) -> str:
        """The store, as the Job's command line names it."""
        return self.uri()

    @property
    def volumes(self) -> list[dict[str, Any]]:
        """Nothing is mounted: the Job uses the object storage's API."""
        return []

    @property
    def mounts(self) -> list[dict[str, Any]]:
        """Nothing is mounted."""
        return []


AnyStorage = StorageLocation | ObjectStorage


def storage_secret(spec: TransformerModelSpec, settings: Settings) -> str | None:
    """Name of the secret with the credentials of a model's storage: its own storage's, else the default storage's."""
    if spec.storage is None:
        return settings.default_storage_secret
    return spec.storage.secret_ref.name if spec.storage.secret_ref is not None else None


def credentials(*secrets: str | None) -> list[dict[str, Any]]:
    """`envFrom` of a container with all keys of the secrets; each secret once, in this order, None left out."""
    names = dict.fromkeys(name for name in secrets if name is not None)
    return [{"secretRef": {"name": name, "optional": False}} for name in names]
