"""A store in object storage, cached in a folder on this machine.

An artifact is published by its manifest, which is written last and only if it does not exist: readers see a complete
artifact or none. Preparations work in the cache folder, under its lock and a lease of the store.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from transformermodel_api.errors import CorruptArtifact, PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.durable import write_atomically
from transformermodel_predictor.artifact.lease import Leases, Pace
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.artifact.lock import locked
from transformermodel_predictor.artifact.manifest import (
    BESIDE_CONTENT,
    MANIFEST_FILE,
    REPORT_FILE,
    Manifest,
    read_manifest,
)
from transformermodel_predictor.artifact.object_references import ObjectReferences
from transformermodel_predictor.artifact.store import ARTIFACTS, INPUTS
from transformermodel_predictor.artifact.verification import remember
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.fetch import WantedObject, fetch

_LOG = logging.getLogger(__name__)
_MACHINE = "machine"


class ObjectStore:
    """A store in a bucket. Implements `Store`.

    Args:
        bucket: the store's location.
        folder: on this machine, for cached artifacts and workspaces.
        pace: timing of leases.
    """

    def __init__(self, bucket: Bucket, folder: Path, pace: Pace | None = None) -> None:
        self.bucket = bucket
        self.folder = folder
        self._cache = LocalStore(folder)
        self._pace = pace or Pace()
        self._damaged: set[str] = set()

    def find(self, input_key: str) -> Artifact | None:
        """The artifact of an input, fetched if it is not cached; a damaged one counts as absent.

        The input is rewritten, which tells the collector that it is needed. If another process has changed or removed
        it meanwhile, that one wins.
        """
        pointer = f"{INPUTS}/{input_key}"
        known: tuple[bytes, Artifact] | None = None
        while (seen := self.bucket.state(pointer)) and (content := self.bucket.read(pointer)) is not None:
            if known is not None and known[0] == content:  # another process has just written the same
                return known[1]
            artifact = self._whole(content.decode("ascii").strip())
            if artifact is None or self.bucket.replace(pointer, content, seen.version):
                return artifact
            known = content, artifact
        return None

    @contextmanager
    def workspace(self, key: str) -> Iterator[Path]:
        """A working folder on this machine, exclusive among all machines; see `Store`."""
        with self._cache.workspace(key) as folder, self._leases().held(key):
            yield folder

    def clear(self, key: str) -> None:
        """Remove a dead owner's workspace on this machine, and its lease; see `Store`."""
        self._cache.clear(key)
        if not self._cache.in_use(key):
            self._leases().clear(key)

    def publish(self, input_key: str, staged: Artifact) -> Artifact:
        """Upload a sealed artifact, its manifest last, and keep it in the cache."""
        digest = staged.manifest.digest
        self._upload(staged)
        self.bucket.write(f"{INPUTS}/{input_key}", f"{digest}\n".encode("ascii"))
        return self._cache.publish(input_key, staged)

    def refer(self, reference: str, digest: str) -> None:
        """Record that a model uses an artifact; see `Store`."""
        ObjectReferences(self.bucket).add(reference, digest)

    def location(self, artifact: Artifact) -> str:
        """Key of the artifact, relative to the store."""
        return f"{ARTIFACTS}/{artifact.manifest.digest}"

    def open(self, digest: str) -> Artifact:
        """The artifact of a digest, fetched if it is not cached; see `Store`."""
        if artifact := self._cache.whole(digest):
            return artifact
        manifest = self._manifest(digest)
        if manifest is None:
            raise PreparationFailed(FailureReason.NotFound, f"{self._place(digest)} holds no artifact.")
        return self._fetched(digest, manifest)

    def _whole(self, digest: str) -> Artifact | None:
        try:
            manifest = self._manifest(digest)
            if manifest is None:
                return None
            return self._cached(digest) or self._fetched(digest, manifest)
        except CorruptArtifact as error:
            _LOG.warning("%s It is not used and will be replaced.", error)
        except PreparationFailed as error:
            if error.reason not in (FailureReason.ChecksumMismatch, FailureReason.NotFound):
                raise
            _LOG.warning("%s is damaged (%s) It is not used and will be replaced.", self._place(digest), error.message)
        self._damaged.add(digest)
        return None

    def _cached(self, digest: str) -> Artifact | None:
        """A cached artifact, with the store's current report."""
        artifact = self._cache.whole(digest)
        report = self.bucket.read(f"{ARTIFACTS}/{digest}/{REPORT_FILE}") if artifact else None
        if artifact and report is not None:
            self._cache.renew_report(artifact, report)
        return artifact

    def _manifest(self, digest: str) -> Manifest | None:
        content = self.bucket.read(f"{ARTIFACTS}/{digest}/{MANIFEST_FILE}")
        if content is None:
            return None
        try:
            manifest = read_manifest(content.decode("utf-8"))
        except ValueError as error:
            raise CorruptArtifact(f"{self._place(digest)}/{MANIFEST_FILE} cannot be read: {error}.") from error
        if manifest.digest != digest:
            raise CorruptArtifact(f"{self._place(digest)}/{MANIFEST_FILE} is of another artifact.")
        return manifest

    def _fetched(self, digest: str, manifest: Manifest) -> Artifact:
        """Fetch an artifact into the cache, in one process per machine at a time; resumes a killed one's download."""
        with self._cache.workspace(digest) as folder:
            if artifact := self._cache.whole(digest):
                return artifact
            target = folder / "artifact"
            wanted = [
                WantedObject.of(f"{ARTIFACTS}/{digest}/{entry.path}", entry.path, entry.size, entry.sha256)
                for entry in manifest.files
            ]
            fetch(self.bucket, wanted, target, lambda _: None)
            for entry in manifest.files:
                (target / entry.path).chmod(0o444)
            remember(target, manifest.files)
            self._fetch_beside(digest, target)
            return self._cache.adopt(target)

    def _fetch_beside(self, digest: str, folder: Path) -> None:
        """Fetch report, recordings and manifest."""
        for name in (*BESIDE_CONTENT, MANIFEST_FILE):
            content = self.bucket.read(f"{ARTIFACTS}/{digest}/{name}")
            if content is not None:
                (folder / name).write_bytes(content)

    def _upload(self, staged: Artifact) -> None:
        """Upload missing files, the manifest last; files that a killed process uploaded are not uploaded again."""
        digest = staged.manifest.digest
        damaged = digest in self._damaged
        place = f"{ARTIFACTS}/{digest}"
        there = {} if damaged else {stored.key: stored.size for stored in self.bucket.list(place)}
        missing = [entry.path for entry in staged.manifest.files if there.get(f"{place}/{entry.path}") != entry.size]
        missing += [name for name in BESIDE_CONTENT if (staged.path / name).exists()]
        manifest = (staged.path / MANIFEST_FILE).read_bytes()
        with self._removed_again(place, missing):
            for name in missing:
                self.bucket.upload(staged.path / name, f"{place}/{name}")
            if damaged:
                self.bucket.write(f"{place}/{MANIFEST_FILE}", manifest)
                self._damaged.discard(digest)
            else:
                self.bucket.create(f"{place}/{MANIFEST_FILE}", manifest)

    @contextmanager
    def _removed_again(self, place: str, names: Iterable[str]) -> Iterator[None]:
        """Remove the uploaded files after a permanent failure, such as full storage.

        Not if another process has published the same artifact meanwhile.
        """
        try:
            yield
        except PreparationFailed as error:
            if not error.reason.transient and self.bucket.state(f"{place}/{MANIFEST_FILE}") is None:
                self.bucket.remove(f"{place}/{name}" for name in names)
            raise

    def _place(self, digest: str) -> str:
        return str(self.bucket.location.at(f"{ARTIFACTS}/{digest}"))

    def _leases(self) -> Leases:
        return Leases(self.bucket, self._machine(), self._pace)

    def _machine(self) -> str:
        """Identity of this machine's cache, made at its first use."""
        file = self.folder / _MACHINE
        with suppress(FileNotFoundError):
            return file.read_text(encoding="ascii")
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(file.with_suffix(".lock")):
            if not file.exists():
                write_atomically(file, uuid.uuid4().hex)
        return file.read_text(encoding="ascii")
