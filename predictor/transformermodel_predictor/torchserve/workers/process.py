"""A worker's process: starts it, exchanges messages with it, and ends it with all its children."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.wire.messages import ToServer, ToWorker
from transformermodel_predictor.torchserve.workers.connection import Connection
from transformermodel_predictor.torchserve.workers.environment import worker_environment
from transformermodel_predictor.torchserve.workers.output import OutputLog

_MODULE = "transformermodel_predictor.torchserve.worker"
_GRACE_SECONDS = 5.0


class WorkerProcess:
    """A running process, in a process group of its own.

    Attributes:
        pid: its process id.
        ended: done when the process has ended; the result describes how.
    """

    def __init__(self, process: subprocess.Popen[bytes], connection: Connection) -> None:
        self.pid = process.pid
        self._process = process
        self._connection = connection
        self.ended = asyncio.create_task(self._watch())

    @classmethod
    async def start(cls, model: ArchivedModel, number: int, received: Callable[[ToServer], None]) -> Self:
        """Start a process, which then waits for the message `Load`.

        Args:
            model: the model whose handler it will run.
            number: the worker's number.
            received: called with every message from the process.

        Raises:
            OSError: the process cannot be started.
        """
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            process = _spawn(model, theirs.fileno(), writing)
        except OSError:
            ours.close()
            os.close(reading)
            raise
        finally:
            theirs.close()
            os.close(writing)
        loop = asyncio.get_running_loop()
        ours.setblocking(False)
        _, connection = await loop.create_unix_connection(lambda: Connection(received), sock=ours)
        await loop.connect_read_pipe(lambda: OutputLog(model.name, number), os.fdopen(reading, "rb"))
        return cls(process, connection)

    def send(self, message: ToWorker) -> None:
        """Send a message; does nothing if the process has ended."""
        self._connection.send(message)

    @property
    def memory(self) -> int:
        """Resident memory in bytes; 0 if unknown."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    def kill(self) -> None:
        """Kill the process and its children."""
        if self._process.returncode is None:  # else the process id may be reused
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Let an idle process end; kill it if it does not within some seconds."""
        self._connection.close()
        await self._end_within_grace()

    async def _end_within_grace(self) -> None:
        done, _ = await asyncio.wait([self.ended], timeout=_GRACE_SECONDS)
        if not done:
            self.kill()
            await asyncio.wait([self.ended])

    async def _watch(self) -> str:
        exited = asyncio.create_task(_wait_for_exit(self.pid))
        await asyncio.wait([exited, self._connection.lost], return_when=asyncio.FIRST_COMPLETED)
        if not exited.done():  # it closed the connection, so it is about to end
            await asyncio.wait([exited], timeout=_GRACE_SECONDS)
        self.kill()  # its children, too
        await exited
        self._connection.close()
        return exit_in_words(self._process.wait())


def _spawn(model: ArchivedModel, channel: int, output: int) -> subprocess.Popen[bytes]:
    """Start a worker's program in a new Python process, which shares no state with the server, such as held locks."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", _MODULE, str(channel)],
        cwd=model.directory,
        env=worker_environment(os.environ, model.settings.decode_input, model.settings.metrics_file),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(channel,),
        start_new_session=True,
    )


def exit_in_words(status: int) -> str:
    """How a process ended, by its exit status, which is negative for a signal."""
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}" + (", as happens where memory runs out" if -status == signal.SIGKILL else "")


async def _wait_for_exit(pid: int) -> None:
    """Wait until a process has ended, without reaping it; uses a thread only if there is no pidfd_open(2)."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return
    loop, exited = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, exited.set)
    try:
        await exited.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
