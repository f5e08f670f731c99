"""Publishing in processes of their own, which can be killed before any change they make to a bucket."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.predictor.artifact.places import PACE
from tests.predictor.forked import FORKED
from transformermodel_predictor.artifact.directory import seal
from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.artifact.object_store import ObjectStore
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation

_CHANGES = ("write", "create", "upload", "remove")
_RENEWING = "lease"
"""Name of the thread whose changes do not count: how many there are depends on how long the others take."""


@dataclass(frozen=True)
class Work:
    """A preparation of a small artifact.

    Attributes:
        content: files of the artifact.
        last: number of the change before which the process is killed; it lives when None.
    """

    uri: str
    folder: Path
    key: str
    content: Mapping[str, bytes]
    provenance: Provenance
    environment: Mapping[str, str]
    last: int | None = None


@dataclass(frozen=True)
class Result:
    """What came of it: the digest, the number of changes, and the keys that were uploaded."""

    digest: str
    changes: int
    uploaded: tuple[str, ...]


def run(work: Work) -> Result | None:
    """Do it in another process; None when that was killed."""
    ours, theirs = FORKED.Pipe()
    process = FORKED.Process(target=_run, args=(work, theirs))
    process.start()
    theirs.close()
    try:
        result: Result | None = ours.recv()
    except EOFError:
        result = None
    process.join()
    assert process.exitcode == (0 if result else -signal.SIGKILL)
    return result


def _run(work: Work, connection: Connection) -> None:
    os.environ.update(work.environment)
    uploaded: list[str] = []
    changes = _count_changes(work, uploaded)
    store = ObjectStore(Bucket(ObjectLocation.parse(work.uri)), work.folder, PACE)
    artifact = store.find(work.key)
    if artifact is not None:
        store.clear(work.key)
    else:
        with store.workspace(work.key) as workspace:
            artifact = store.find(work.key)
            if artifact is None:
                folder = workspace / "artifact"
                folder.mkdir(exist_ok=True)
                for name, content in work.content.items():
                    (folder / name).unlink(missing_ok=True)
                    (folder / name).write_bytes(content)
                artifact = store.publish(work.key, seal(folder, work.provenance))
    connection.send(Result(artifact.manifest.digest, changes(), tuple(uploaded)))


def _count_changes(work: Work, uploaded: list[str]) -> Callable[[], int]:
    count = 0

    def change() -> None:
        nonlocal count
        count += 1
        if count == work.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(bucket: Bucket, *arguments: Any) -> Any:
            if threading.current_thread().name != _RENEWING:
                change()
            if method.__name__ == "upload":
                uploaded.append(arguments[1])
            return method(bucket, *arguments)

        return call

    for name in _CHANGES:
        setattr(Bucket, name, counted(getattr(Bucket, name)))
    return lambda: count
