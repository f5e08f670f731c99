"""The folder behind the hub: repositories with commits, branches, access rules and faults.

    <org>/<name>/commits/<commit>/...   the files of a commit; never changed
    <org>/<name>/refs/<branch>          the commit that a branch or tag points at
    <org>/<name>/access.json            who may read it, and what goes wrong (absent: everybody, nothing)

Everything is read for each request, so another process may publish and move branches while the hub runs.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote

_LARGE = frozenset({".bin", ".gguf", ".pt", ".safetensors"})


@dataclass(frozen=True)
class Access:
    """Who may read a repository, and what goes wrong with it.

    Attributes:
        private: unknown to everybody but the holders of a token.
        gated: visible, but its files are only for the holders of a token.
        tokens: the tokens that open it.
        retry_after: seconds to wait; when given, every request is answered 429.
        status: when given, every request is answered with this HTTP status.
        busy_times: when given, only so many requests are refused with `retry_after` or `status`.
        claimed_size: when given, listings say that large files are this long.
        no_ranges: whether every request for a file is answered with all of it.
        cut_after: when given, a connection breaks after so many bytes of a file.
        damaged: files of which the first byte arrives wrong.
    """

    private: bool = False
    gated: bool = False
    tokens: tuple[str, ...] = ()
    retry_after: int | None = None
    status: int | None = None
    busy_times: int | None = None
    claimed_size: int | None = None
    no_ranges: bool = False
    cut_after: int | None = None
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Blob:
    """A file of a commit: its path in the repository, place on the disk, size, git blob id and SHA-256."""

    name: str
    path: Path
    size: int
    blob_id: str
    sha256: str

    @property
    def is_large(self) -> bool:
        """Whether git-lfs would keep it."""
        return self.path.suffix in _LARGE

    @property
    def etag(self) -> str:
        """The hub's ETag: SHA-256 for large files, git's blob id for the others."""
        return self.sha256 if self.is_large else self.blob_id


class Repositories:
    """The repositories in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._asked: Counter[str] = Counter()

    def publish(self, name: str, files: Mapping[str, bytes | Path], branch: str = "main") -> str:
        """Add a commit with these files and point a branch at it; returns the commit, 40 hexadecimal digits."""
        contents = {
            path: content if isinstance(content, bytes) else content.read_bytes() for path, content in files.items()
        }
        listing = "".join(f"{hashlib.sha1(contents[path]).hexdigest()} {path}\n" for path in sorted(contents))  # noqa: S324
        commit = hashlib.sha1(f"{name}\n{listing}".encode()).hexdigest()  # noqa: S324
        for path, content in contents.items():
            target = self._root / name / "commits" / commit / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self.point(name, branch, commit)
        return commit

    def publish_folder(self, name: str, folder: Path, branch: str = "main") -> str:
        """Add a commit with the files of a folder; returns the commit."""
        files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        return self.publish(name, files, branch)

    def point(self, name: str, branch: str, commit: str) -> None:
        """Point a branch or tag at a commit."""
        reference = self._root / name / "refs" / quote(branch, safe="")
        reference.parent.mkdir(parents=True, exist_ok=True)
        reference.write_text(commit)

    def restrict(self, name: str, access: Access) -> None:
        """Say who may read a repository and what goes wrong with it."""
        self._asked[name] = 0
        (self._root / name / "access.json").write_text(json.dumps(asdict(access)))

    def count(self, name: str) -> int:
        """Count a request for a repository since its access rules were made; returns how many there were."""
        self._asked[name] += 1
        return self._asked[name]

    def access(self, name: str) -> Access:
        """The access rules of a repository."""
        file = self._root / name / "access.json"
        if not file.is_file():
            return Access()
        document = json.loads(file.read_text())
        return Access(**{key: tuple(value) if isinstance(value, list) else value for key, value in document.items()})

    def tokens(self) -> frozenset[str]:
        """Every token that opens anything."""
        names = (file.parent.relative_to(self._root).as_posix() for file in self._root.glob("*/*/access.json"))
        return frozenset(token for name in names for token in self.access(name).tokens)

    def exists(self, name: str) -> bool:
        """Whether there is such a repository."""
        return (self._root / name / "commits").is_dir()

    def commit(self, name: str, revision: str) -> str | None:
        """The commit that a branch, tag or commit names."""
        if (self._root / name / "commits" / revision).is_dir():
            return revision
        reference = self._root / name / "refs" / quote(unquote(revision), safe="")
        return reference.read_text().strip() if reference.is_file() else None

    def blobs(self, name: str, commit: str) -> list[Blob]:
        """The files of a commit."""
        folder = self._root / name / "commits" / commit
        return [
            _blob(path, path.relative_to(folder).as_posix()) for path in sorted(folder.rglob("*")) if path.is_file()
        ]


@lru_cache(maxsize=1024)
def _blob(path: Path, name: str) -> Blob:
    content = path.read_bytes()
    git = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()  # noqa: S324
    return Blob(name, path, len(content), git, hashlib.sha256(content).hexdigest())
