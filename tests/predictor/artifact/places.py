"""The places that a store can be in, as the tests see them from outside."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from transformermodel_predictor.artifact.collector import Collectable
from transformermodel_predictor.artifact.lease import Pace
from transformermodel_predictor.artifact.local_collection import LocalCollectable
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.artifact.object_collection import ObjectCollectable
from transformermodel_predictor.artifact.object_store import ObjectStore
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation

PACE = Pace(renew=0.1, expire=3.0, look=0.02)


class Place(Protocol):
    """Somewhere a store is, and what is in it."""

    def store(self, machine: str = "one") -> LocalStore | ObjectStore:
        """The store, as a machine sees it."""
        ...

    def collectable(self) -> Collectable:
        """The store, as a collector sees it."""
        ...

    def content(self) -> set[str]:
        """Everything that is published: artifacts by their folders, inputs."""
        ...

    def paths(self) -> set[str]:
        """Every file that is published."""
        ...

    def damage(self, path: str) -> None:
        """Change bytes of a published file, not their number."""
        ...

    def remove(self, path: str) -> None:
        """Remove a published file."""
        ...


@dataclass(frozen=True)
class Folder:
    """A store in a folder, which all machines see."""

    root: Path

    def store(self, machine: str = "one") -> LocalStore:
        return LocalStore(self.root / "store")

    def collectable(self) -> Collectable:
        return LocalCollectable(self.root / "store")

    def content(self) -> set[str]:
        return {"/".join(path.split("/")[:2]) for path in self.paths()}

    def paths(self) -> set[str]:
        root = self.root / "store"
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}

    def damage(self, path: str) -> None:
        file = self.root / "store" / path
        file.chmod(0o644)
        file.write_bytes(bytes(255 - byte for byte in file.read_bytes()))

    def remove(self, path: str) -> None:
        (self.root / "store" / path).unlink()


@dataclass(frozen=True)
class Objects:
    """A store in object storage; each machine has a folder of its own."""

    bucket: Bucket
    root: Path

    @classmethod
    def below(cls, uri: str, root: Path) -> "Objects":
        return cls(Bucket(ObjectLocation.parse(f"{uri}/models/store")), root)

    def store(self, machine: str = "one") -> ObjectStore:
        return ObjectStore(self.bucket, self.root / machine, PACE)

    def collectable(self) -> Collectable:
        return ObjectCollectable(self.bucket)

    def content(self) -> set[str]:
        return {"/".join(path.split("/")[:2]) for path in self.paths()}

    def paths(self) -> set[str]:
        return {stored.key for stored in self.bucket.list()}

    def damage(self, path: str) -> None:
        content = self.bucket.read(path)
        assert content is not None
        self.bucket.write(path, bytes(255 - byte for byte in content))

    def remove(self, path: str) -> None:
        self.bucket.remove([path])
