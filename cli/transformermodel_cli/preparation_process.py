"""Preparing in a process of its own: its memory, its imports and its threads are gone when the models are served."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

from transformermodel_api.errors import TransformerModelError
from transformermodel_cli.prepare import prepare_subject
from transformermodel_cli.refusal import refusal_of
from transformermodel_cli.subjects import ManifestSubject

if TYPE_CHECKING:
    from transformermodel_predictor.artifact.opening import StoreLocation


class PreparationEnded(TransformerModelError):
    """The process failed; it said so itself, or was ended."""

    def __init__(self, message: str, exit_status: int = 1) -> None:
        super().__init__(message)
        self.exit_status = exit_status


@dataclass(frozen=True)
class _Failure:
    message: str
    exit_status: int


@dataclass(frozen=True)
class PreparationProcess:
    """A process that prepares models, one after another, and shows it on standard error."""

    _process: BaseProcess
    _results: Connection

    @property
    def pid(self) -> int | None:
        """The process's number."""
        return self._process.pid

    def digests(self) -> Mapping[str, str]:
        """Wait for the digests of the artifacts, by the names of the models.

        Raises:
            PreparationEnded: a model cannot be prepared, or the process was killed.
        """
        try:
            result: Mapping[str, str] | _Failure = self._results.recv()
        except EOFError:
            self._process.join()
            raise _ended(self._process.exitcode or 0) from None
        if isinstance(result, _Failure):
            raise PreparationEnded(result.message, result.exit_status)
        return result


@contextmanager
def preparing(subjects: Sequence[ManifestSubject], store: "StoreLocation") -> Iterator[PreparationProcess]:
    """Prepare models in a new process, which ends with the context, and with this process however that ends.

    Call it before anything is imported that starts threads: on Linux the new process is a copy of this one.
    """
    results, sending = multiprocessing.Pipe(duplex=False)
    arguments = (subjects, store, sending)
    process: BaseProcess
    if sys.platform == "linux":  # spawning leaves a process behind that tracks resources
        process = multiprocessing.get_context("fork").Process(target=_prepare, args=arguments)
    else:
        process = multiprocessing.get_context("spawn").Process(target=_prepare, args=arguments)
    process.start()
    sending.close()  # so that the process's end is the pipe's
    try:
        yield PreparationProcess(process, results)
    finally:
        results.close()
        if process.pid is not None and process.is_alive():
            _end_with_all_it_started(process.pid)
        process.join()


def _prepare(subjects: Sequence[ManifestSubject], store: "StoreLocation", results: Connection) -> None:
    """What the process does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to both; the parent ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # and does not wait for what this one computes
    try:
        results.send({subject.name: prepare_subject(subject, store).digest for subject in subjects})
    except Exception as error:
        if (refusal := refusal_of(error)) is None:
            raise
        results.send(_Failure(str(refusal), refusal.exit_status))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        _end_with_all_it_started(os.getpid())


def _end_with_all_it_started(pid: int) -> None:
    """End a process at once, and what works for it.

    An installation has a session of its own, so that no signal to this process's reaches it.
    """
    import psutil  # of the predictor, without which nothing is prepared

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        ended = [process, *process.children(recursive=True)]
        for each in sorted(ended, key=lambda one: one.pid == os.getpid()):  # this one last: it ends the others
            with suppress(psutil.NoSuchProcess):
                each.kill()


def _ended(exit_code: int) -> PreparationEnded:
    if exit_code >= 0:
        return PreparationEnded("the preparation failed unexpectedly: its last words are above. Please report them.")
    name = signal.Signals(-exit_code).name
    more = " It may have needed more memory than there is." if -exit_code == signal.SIGKILL else ""
    return PreparationEnded(f"the preparation was ended by {name}.{more}", 128 - exit_code)
