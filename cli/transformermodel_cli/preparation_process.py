"""Prepares models in a separate process, so that its memory, imports and threads are gone when models are served."""

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
    """The process failed: it reported an error, or was killed."""

    def __init__(self, message: str, exit_status: int = 1) -> None:
        super().__init__(message)
        self.exit_status = exit_status


@dataclass(frozen=True)
class _Failure:
    message: str
    exit_status: int


@dataclass(frozen=True)
class PreparationProcess:
    """A process that prepares models one after another and shows its progress on standard error."""

    _process: BaseProcess
    _results: Connection

    @property
    def pid(self) -> int | None:
        """The process id."""
        return self._process.pid

    def digests(self) -> Mapping[str, str]:
        """Wait for the digests of the artifacts, by name of the model.

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

    Call it before importing anything that starts threads: on Linux the new process is forked.
    """
    results, sending = multiprocessing.Pipe(duplex=False)
    arguments = (subjects, store, sending)
    process: BaseProcess
    if sys.platform == "linux":  # spawning leaves a resource tracker process behind
        process = multiprocessing.get_context("fork").Process(target=_prepare, args=arguments)
    else:
        process = multiprocessing.get_context("spawn").Process(target=_prepare, args=arguments)
    process.start()
    sending.close()  # so that the pipe closes when the process ends
    try:
        yield PreparationProcess(process, results)
    finally:
        results.close()
        if process.pid is not None and process.is_alive():
            _end_with_all_it_started(process.pid)
        process.join()


def _prepare(subjects: Sequence[ManifestSubject], store: "StoreLocation", results: Connection) -> None:
    """The process's main function."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to both; the parent ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # and does not wait for this one's computation
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
    """Kill a process and all its descendants.

    An installation runs in its own session, which signals to this process's session do not reach.
    """
    import psutil  # one of the predictor's packages, which preparation requires

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        ended = [process, *process.children(recursive=True)]
        for each in sorted(ended, key=lambda one: one.pid == os.getpid()):  # this one last, as it kills the others
            with suppress(psutil.NoSuchProcess):
                each.kill()


def _ended(exit_code: int) -> PreparationEnded:
    if exit_code >= 0:
        return PreparationEnded("the preparation failed unexpectedly: its last words are above. Please report them.")
    name = signal.Signals(-exit_code).name
    more = " It may have needed more memory than there is." if -exit_code == signal.SIGKILL else ""
    return PreparationEnded(f"the preparation was ended by {name}.{more}", 128 - exit_code)
