"""Where artifacts are kept: a folder on a claim."""

from dataclasses import dataclass
from pathlib import PurePosixPath

_SCHEME = "pvc://"


@dataclass(frozen=True)
class StorageLocation:
    """A folder on a PersistentVolumeClaim; `folder` is empty for the claim's root."""

    claim: str
    folder: str = ""

    @classmethod
    def parse(cls, uri: str) -> "StorageLocation":
        """Read `pvc://claim` or `pvc://claim/path`.

        Raises:
            ValueError: the uri has another form.
        """
        claim, _, folder = uri.removeprefix(_SCHEME).partition("/")
        if not uri.startswith(_SCHEME) or not claim or ".." in PurePosixPath(folder).parts:
            raise ValueError(f"{uri!r} is not a storage uri: it must be pvc://claim or pvc://claim/path")
        return cls(claim, folder.strip("/"))

    def __str__(self) -> str:
        return self.uri()

    def uri(self, path: str = "") -> str:
        """The uri of the folder, or of something in it."""
        return _SCHEME + "/".join(part for part in (self.claim, self.folder, path) if part)

    def mounted_at(self, mount: str) -> str:
        """The folder's path where the claim is mounted."""
        return f"{mount}/{self.folder}" if self.folder else mount
