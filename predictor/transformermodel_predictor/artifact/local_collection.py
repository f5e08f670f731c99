"""The collector's view of a store in a folder."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from transformermodel_predictor.artifact.collection import Input, Kept, StoreContent
from transformermodel_predictor.artifact.collector import Attempt
from transformermodel_predictor.artifact.durable import BESIDE
from transformermodel_predictor.artifact.holding import held_alone
from transformermodel_predictor.artifact.local_store import STAGING
from transformermodel_predictor.artifact.lock import locked
from transformermodel_predictor.artifact.manifest import MANIFEST_FILE
from transformermodel_predictor.artifact.references import digests_of, reference_key
from transformermodel_predictor.artifact.store import ARTIFACTS, INPUTS, REFERENCES

_DIGEST_LENGTH = 64


class LocalCollectable:
    """A store in a folder. Implements `Collectable`."""

    def __init__(self, root: Path) -> None:
        self._artifacts = root / ARTIFACTS
        self._inputs = root / INPUTS
        self._references = root / REFERENCES
        self._staging = root / STAGING

    def content(self, leaving: str | None = None) -> StoreContent:
        """What is in the store now; see `Collectable`."""
        return StoreContent(
            artifacts={name: kept for name, kept in _kept_in(self._artifacts).items() if len(name) == _DIGEST_LENGTH},
            inputs=self._remembered(),
            referenced=self._referenced(leaving),
            leftovers=_kept_in(self._staging),
        )

    def references(self) -> tuple[str, ...]:
        """See `Collectable`; what killed preparations have left counts, so that it can be forgotten too."""
        files = (path.relative_to(self._references) for path in self._references.rglob("*") if path.is_file())
        return tuple(sorted({file.as_posix().partition(BESIDE)[0] for file in files}))

    def used_by(self, reference: str) -> tuple[str, ...]:
        """The digests that a model uses; see `Collectable`."""
        file = self._references / reference_key(reference)
        return digests_of(file.read_text(encoding="ascii")) if file.is_file() else ()

    def forget(self, reference: str) -> None:
        """Forget what a model used; see `Collectable`."""
        file = self._references / reference_key(reference)
        file.unlink(missing_ok=True)
        for beside in file.parent.glob(f"{glob.escape(file.name)}{BESIDE}*"):  # of preparations that were killed
            beside.unlink(missing_ok=True)

    def remove_artifact(
        self, digest: str, inputs: tuple[str, ...], unneeded_since: datetime, leaving: str | None = None
    ) -> Attempt:
        """Remove an artifact that is neither in use nor needed, or the remains of one; see `Collectable`."""
        folder = self._artifacts / digest
        try:
            with held_alone(folder):
                if self._is_needed(digest, unneeded_since, leaving):
                    return Attempt.Needed
                self.remove_inputs(inputs)
                self._remove(folder)
        except BlockingIOError:
            return Attempt.Needed if self._is_needed(digest, unneeded_since, leaving) else Attempt.Held
        except FileNotFoundError:
            if not folder.is_dir():
                return Attempt.Gone
            if self._is_needed(digest, unneeded_since, leaving):
                return Attempt.Needed
            self.remove_inputs(inputs)
            return self._remove_remains(folder)
        return Attempt.Removed

    def _remove(self, folder: Path) -> None:
        """Remove a folder atomically: it is moved away first, where its remains are a leftover with an owner."""
        with self._moved_away(folder) as going:
            shutil.rmtree(going)

    def _remove_remains(self, folder: Path) -> Attempt:
        """Remove a folder without a manifest, which cannot be locked: a preparation may put a complete one there."""
        try:
            with self._moved_away(folder) as going:
                if (going / MANIFEST_FILE).is_file():
                    with suppress(OSError):  # it was published again: they are equal
                        going.rename(folder)
                        return Attempt.Needed
                shutil.rmtree(going)
        except FileNotFoundError:
            return Attempt.Gone
        return Attempt.Removed

    @contextmanager
    def _moved_away(self, folder: Path) -> Iterator[Path]:
        """Move a folder to a place that no other collector uses."""
        going = self._staging / f"removed-{folder.name}"
        going.parent.mkdir(exist_ok=True)
        with locked(going.with_name(f"{going.name}.lock")):
            if going.exists():  # left by a collector that was killed here, before the artifact was prepared again
                shutil.rmtree(going)
            folder.rename(going)
            yield going

    def remove_inputs(self, keys: tuple[str, ...]) -> None:
        """See `Collectable`."""
        for key in keys:
            (self._inputs / key).unlink(missing_ok=True)

    def remove_leftover(self, name: str) -> bool:
        """Remove a workspace without an owner; see `Collectable`."""
        try:
            with locked(self._staging / f"{name}.lock", wait=False):
                shutil.rmtree(self._staging / name)
        except (BlockingIOError, FileNotFoundError):
            return False
        return True

    def _remembered(self) -> dict[str, Input]:
        found = {}
        for path in _files(self._inputs):
            if len(path.name) == _DIGEST_LENGTH:  # others are being written
                with suppress(FileNotFoundError):
                    found[path.name] = Input(path.read_text(encoding="ascii").strip(), _time(path))
        return found

    def _referenced(self, leaving: str | None) -> frozenset[str]:
        left_out = None if leaving is None else self._references / reference_key(leaving)
        digests: set[str] = set()
        for path in self._references.rglob("*"):
            if path != left_out and BESIDE not in path.name and path.is_file():
                with suppress(FileNotFoundError):  # forgotten meanwhile
                    digests.update(digests_of(path.read_text(encoding="ascii")))
        return frozenset(digests)

    def _is_needed(self, digest: str, since: datetime, leaving: str | None) -> bool:
        """Whether a model refers to an artifact, or it was looked up since."""
        asked_for = any(item.digest == digest and item.used > since for item in self._remembered().values())
        return asked_for or digest in self._referenced(leaving)


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_file()) if root.is_dir() else []


def _kept_in(root: Path) -> dict[str, Kept]:
    """The subfolders of a folder, by name; those removed meanwhile are left out."""
    found = {}
    for folder in _folders(root):
        with suppress(FileNotFoundError):
            found[folder.name] = _kept(folder)
    return found


def _kept(folder: Path) -> Kept:
    """Size and age of a folder: an artifact is as old as its manifest, a workspace as its newest file.

    Raises:
        FileNotFoundError: the folder does not exist any more.
    """
    files = dict(_files_below(folder))
    manifest = files.get(folder / MANIFEST_FILE)
    times = [manifest.st_mtime] if manifest else [folder.stat().st_mtime, *(seen.st_mtime for seen in files.values())]
    return Kept(size=sum(seen.st_size for seen in files.values()), used=datetime.fromtimestamp(max(times), UTC))


def _files_below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Files with their stat results; those removed meanwhile are left out."""
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                yield Path(place, name), Path(place, name).stat()


def _time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
