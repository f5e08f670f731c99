"""Locations in object storage. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from transformermodel_api.errors import UserError
from transformermodel_api.origin import without_secrets


class Scheme(StrEnum):
    """URI schemes of the supported services."""

    S3 = "s3"
    GCS = "gs"
    Azure = "az"


@dataclass(frozen=True)
class ObjectLocation:
    """A bucket (Azure: a container) and a key in it, which is empty for the bucket's root."""

    scheme: Scheme
    bucket: str
    key: str = ""

    @classmethod
    def parse(cls, uri: str) -> "ObjectLocation":
        """Read `s3://bucket/key`, `gs://bucket/key` or `az://container/key`.

        Raises:
            UserError: it is no such uri.
        """
        shown = without_secrets(uri)
        if not is_object_uri(uri):
            known = ", ".join(f"{scheme}://" for scheme in Scheme)
            raise UserError(f"{shown} is not in object storage: it must begin with {known}")
        scheme, _, place = uri.partition("://")
        bucket, _, key = place.partition("/")
        parts = [part for part in key.split("/") if part]
        if "@" in bucket or "?" in place:
            raise UserError(f"{shown} came with credentials or a signature: those are read from the environment alone")
        if not bucket or ".." in (bucket, *parts):
            raise UserError(f"{shown} names no bucket, or leaves it")
        return cls(Scheme(scheme), bucket, "/".join(parts))

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"

    @property
    def path(self) -> str:
        """Bucket and key, as fsspec names them."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    def at(self, key: str) -> "ObjectLocation":
        """The location of a key below this one."""
        return replace(self, key=f"{self.key}/{key}" if self.key else key)


def is_object_uri(uri: str) -> bool:
    """Whether a uri names something in object storage."""
    return uri.partition("://")[0] in list(Scheme) and "://" in uri


def meant_uri(place: str) -> str | None:
    """The uri that is meant by a path such as `s3:/bucket`, with one slash of two; None for every other path."""
    scheme, found, rest = place.partition(":/")
    is_short = found and scheme in list(Scheme) and not rest.startswith("/")
    return f"{scheme}://{rest}" if is_short else None
