"""huggingface_hub's cache, for machines that must work offline.

models--<org>--<name>/refs/<revision>       the commit that the revision was
models--<org>--<name>/snapshots/<commit>/   links to the files, which are named by their ETag
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.selection import Selection
from transformermodel_predictor.transfer.landing import RemoteFile, is_whole

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class HubCache:
    """One repository in huggingface_hub's cache.

    Attributes:
        repository: organisation and name.
        folder: `models--<org>--<name>` in the cache.
    """

    repository: str
    folder: Path

    @classmethod
    def of(cls, environment: Mapping[str, str], repository: str) -> "HubCache":
        """The cache that huggingface_hub's variables name; the library itself reads them only on import."""
        home = environment.get("HF_HOME") or Path(environment.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
        root = Path(environment.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
        return cls(repository, root / f"models--{repository.replace('/', '--')}")

    def commit(self, revision: str) -> str:
        """The commit of a revision, as of its last download.

        Raises:
            PreparationFailed: Unreachable, the revision is not in the cache.
        """
        if _COMMIT.fullmatch(revision):
            return revision
        reference = self.folder / "refs" / revision
        leaves = Path(revision).is_absolute() or ".." in Path(revision).parts
        if leaves or not reference.is_file():
            raise self._absent(f"the revision {revision!r} of hf://{self.repository}")
        return reference.read_text(encoding="ascii").strip()

    def files(self, commit: str, selection: Selection) -> list[Path]:
        """The selected files of a commit, in its snapshot folder.

        Raises:
            PreparationFailed: Unreachable, the commit is not in the cache; or a selected file is missing.
        """
        snapshot = self.folder / "snapshots" / commit
        if not snapshot.is_dir():
            raise self._absent(f"the commit {commit} of hf://{self.repository}")
        names = [path.name for path in snapshot.iterdir() if path.is_file()]
        origin = f"hf://{self.repository}"
        needed = selection(names, origin, lambda name: (snapshot / name).read_text(encoding="utf-8"))
        return [snapshot / name for name in needed]

    def acquire(self, commit: str, progress: Progress, selection: Selection) -> Path:
        """The folder of a commit, after verifying the selected files.

        Raises:
            PreparationFailed: as `files`; ChecksumMismatch, a file is damaged.
        """
        files = self.files(commit, selection)
        total, done = sum(file.stat().st_size for file in files), 0
        for file in files:
            _verify(file)
            done += file.stat().st_size
            progress.bytes(done, total)
        return self.folder / "snapshots" / commit

    def _absent(self, what: str) -> PreparationFailed:
        return PreparationFailed(
            FailureReason.Unreachable,
            f"{what} is not in the cache {self.folder.parent}, and HF_HUB_OFFLINE forbids requests to a hub.",
        )


def _verify(file: Path) -> None:
    """Compare a file with its hash, which is its name in the cache."""
    blob = file.resolve()
    expected = RemoteFile(
        name=file.name,
        url="",
        size=blob.stat().st_size,
        sha256=blob.name if _SHA256.fullmatch(blob.name) else None,
        git_blob=blob.name if _COMMIT.fullmatch(blob.name) else None,
    )
    if not is_whole(blob, expected):
        raise PreparationFailed(
            FailureReason.ChecksumMismatch, f"{file} is damaged: its checksum is not the one it was stored with."
        )
