"""A store in a folder: on this machine, or on a mounted PersistentVolumeClaim.

It also has the workspaces, staging/<key>/, on the same file system, so that publishing is a rename.
"""

import errno
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from transformermodel_api.errors import CorruptArtifact
from transformermodel_predictor.artifact.directory import Artifact, open_artifact
from transformermodel_predictor.artifact.durable import BESIDE, flush, write_atomically
from transformermodel_predictor.artifact.holding import held
from transformermodel_predictor.artifact.lock import locked
from transformermodel_predictor.artifact.manifest import BESIDE_CONTENT, REPORT_FILE
from transformermodel_predictor.artifact.references import reference_key, with_newest
from transformermodel_predictor.artifact.store import ARTIFACTS, INPUTS, REFERENCES

STAGING = "staging"

_LOG = logging.getLogger(__name__)


class LocalStore:
    """A store in a folder: on this machine, or on a mounted PersistentVolumeClaim."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._artifacts = root / ARTIFACTS
        self._inputs = root / INPUTS
        self._staging = root / STAGING

    def find(self, input_key: str) -> Artifact | None:
        """The artifact of an input; see `Store`. A damaged one is logged, and counts as absent."""
        pointer = self._inputs / input_key
        try:
            digest = pointer.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        with held(self._artifacts / digest):
            with suppress(FileNotFoundError):
                os.utime(pointer)  # tells the collector that it is needed
            return self.whole(digest)

    @contextmanager
    def workspace(self, key: str) -> Iterator[Path]:
        """A folder to work in; see `Store`."""
        self._staging.mkdir(parents=True, exist_ok=True)
        folder, lock = self._workspace(key)
        with locked(lock):
            folder.mkdir(exist_ok=True)
            try:
                yield folder
            except BaseException:
                if not any(folder.iterdir()):
                    folder.rmdir()
                raise
            _remove(folder)

    def clear(self, key: str) -> None:
        """Remove a dead owner's workspace; see `Store`."""
        folder, lock = self._workspace(key)
        if not folder.exists() and not lock.exists():
            return
        with suppress(BlockingIOError), locked(lock, wait=False):
            shutil.rmtree(folder, ignore_errors=True)

    def in_use(self, key: str) -> bool:
        """Whether a workspace has a live owner."""
        _, lock = self._workspace(key)
        if not lock.exists():
            return False
        try:
            with locked(lock, wait=False):
                return False
        except BlockingIOError:
            return True

    def publish(self, input_key: str, staged: Artifact) -> Artifact:
        """Move a sealed artifact into the store; see `Store`. An equal, undamaged artifact is kept instead."""
        digest = staged.manifest.digest
        with held(staged.path):
            artifact = self._move(staged, self._artifacts / digest)
            for name in BESIDE_CONTENT:
                if (staged.path / name).is_file():  # an equal artifact was kept, and this file is newer
                    (staged.path / name).replace(artifact.path / name)
                    flush(artifact.path)
            self._inputs.mkdir(exist_ok=True)
            write_atomically(self._inputs / input_key, f"{digest}\n")
        return artifact

    def renew_report(self, artifact: Artifact, content: bytes) -> None:
        """Replace an artifact's report atomically; the temporary file must not be in the artifact's folder."""
        report = artifact.path / REPORT_FILE
        if report.is_file() and report.read_bytes() == content:
            return
        self._staging.mkdir(parents=True, exist_ok=True)
        newer = self._staging / f"{artifact.manifest.digest}.report"
        with locked(newer.with_name(f"{newer.name}.lock")):
            newer.unlink(missing_ok=True)  # left by a process that was killed here: it is read-only
            newer.write_bytes(content)
            newer.chmod(0o444)
            newer.replace(report)

    def refer(self, reference: str, digest: str) -> None:
        """Record that a model uses an artifact; see `Store`."""
        file = self.root / REFERENCES / reference_key(reference)
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(file.with_name(f"{file.name}{BESIDE}lock")):
            write_atomically(file, with_newest(file.read_text(encoding="ascii") if file.exists() else "", digest))

    def adopt(self, folder: Path) -> Artifact:
        """Verify a complete folder in a workspace, and move it into the store.

        Raises:
            CorruptArtifact: it does not match its manifest.
        """
        artifact = open_artifact(folder)
        return self._move(artifact, self._artifacts / artifact.manifest.digest)

    def location(self, artifact: Artifact) -> str:
        """Path of the artifact's folder, relative to the store."""
        return f"{self._artifacts.name}/{artifact.manifest.digest}"

    def open(self, digest: str) -> Artifact:
        """The artifact of a digest; see `Store`."""
        return open_artifact(self._artifacts / digest)

    def whole(self, digest: str) -> Artifact | None:
        """The artifact of a digest, if it exists. A damaged one is logged, and counts as absent."""
        return self._opened(digest) if (self._artifacts / digest).is_dir() else None

    def _workspace(self, key: str) -> tuple[Path, Path]:
        """The folder and the lock of a workspace."""
        return self._staging / key, self._staging / f"{key}.lock"

    def _opened(self, digest: str) -> Artifact | None:
        try:
            return open_artifact(self._artifacts / digest)
        except CorruptArtifact as error:
            _LOG.warning("%s It is not used and will be replaced.", error)
            return None

    def _move(self, staged: Artifact, target: Path) -> Artifact:
        target.parent.mkdir(exist_ok=True)
        while True:
            try:
                staged.path.rename(target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            else:
                flush(target.parent)
                return replace(staged, path=target)
            if existing := self._opened(target.name):
                return existing
            self._set_aside(target, staged.path.with_name("damaged"))

    @staticmethod
    def _set_aside(target: Path, place: Path) -> None:
        """Move a damaged artifact into the workspace, whose end removes it."""
        if place.exists():
            shutil.rmtree(place)
        with suppress(FileNotFoundError):  # another process has moved it already
            target.rename(place)


def _remove(folder: Path) -> None:
    """Remove a finished workspace if possible; a failure is no reason to fail the work done in it.

    A process left by a handler may still write there, and network file systems keep open files.
    """
    try:
        shutil.rmtree(folder)
    except OSError as error:
        _LOG.warning("The workspace %s stays until it is collected: %s", folder, error.strerror)
