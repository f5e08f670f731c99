"""One process of a handler: started, spoken with, ended with all that it has started."""

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
        pid: its identifier.
        ended: done when it is over, with what became of it in words.
    """

    def __init__(self, process: subprocess.Popen[bytes], connection: Connection) -> None:
        self.pid = process.pid
        self._process = process
        self._connection = connection
        self.ended = asyncio.create_task(self._watch())

    @classmethod
    async def start(cls, model: ArchivedModel, number: int, received: Callable[[ToServer], None]) -> Self:
        """Start a process, which waits for what it is to load.

        Args:
            model: whose handler it will run.
            number: the worker's.
            received: called with every message that it sends.

        Raises:
            OSError: the process cannot be started.
        """
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            process = _started(model, theirs.fileno(), writing)
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
        """Send a message; to a process that is over, nothing is sent."""
        self._connection.send(message)

    @property
    def memory(self) -> int:
        """Resident bytes, 0 where nobody knows."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    def kill(self) -> None:
        """End the process, and those that it has started, at once."""
        if self._process.returncode is None:  # else the identifier may be another's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Let the process end, which has nothing to do; after some seconds at once."""
        self._connection.close()
        await self._end_within_grace()

    async def _end_within_grace(self) -> None:
        done, _ = await asyncio.wait([self.ended], timeout=_GRACE_SECONDS)
        if not done:
            self.kill()
            await asyncio.wait([self.ended])

    async def _watch(self) -> str:
        over = asyncio.create_task(_over(self.pid))
        await asyncio.wait([over, self._connection.lost], return_when=asyncio.FIRST_COMPLETED)
        if not over.done():  # who says no more is to end
            await asyncio.wait([over], timeout=_GRACE_SECONDS)
        self.kill()  # with what it has started
        await over
        self._connection.close()
        return exit_in_words(self._process.wait())


def _started(model: ArchivedModel, channel: int, output: int) -> subprocess.Popen[bytes]:
    """Start Python on a worker's program; forks nothing that could hold the server's locks, and takes a millisecond."""
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
    """What became of a process, by its exit status, negative for a signal."""
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}" + (", as happens where memory runs out" if -status == signal.SIGKILL else "")


async def _over(pid: int) -> None:
    """Wait until a process is over, but leave it its identifier; without a thread where the kernel can tell."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
