"""Runs commands that can be ended from another thread."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class GivenUp(Exception):
    """The commands were ended, because their result is no longer needed."""


class Commands:
    """Runs commands one after another; any thread may end them.

    Each command has its own session, so that its child processes, such as a compiler, end with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: subprocess.Popen[str] | None = None
        self._ended = False

    def run(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, and capture its output.

        Args:
            command: the program and its arguments.
            folder: its working directory.
            environment: its environment variables.

        Raises:
            GivenUp: `end` was called before or while the command ran.
        """
        with self._lock:
            if self._ended:
                raise GivenUp
            process = self._running = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        try:
            output, errors = process.communicate()
        except BaseException:  # Ctrl-C does not reach another session
            _end(process)
            process.wait()
            raise
        with self._lock:
            self._running = None
            if self._ended:
                raise GivenUp
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def end(self) -> None:
        """Kill the running command, and start no further ones."""
        with self._lock:
            self._ended = True
            if self._running is not None:
                _end(self._running)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
