"""Commands that a piece of work waits for, and that end when the work is given up."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class GivenUp(Exception):
    """The work was given up: nobody waits for what it would have come to."""


class Commands:
    """Runs commands one after another; any thread may end them.

    Each has a session of its own, so that what it has started, such as a compiler, ends with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: subprocess.Popen[str] | None = None
        self._ended = False

    def run(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, and keep what it says.

        Args:
            command: the program and its arguments.
            folder: where it runs.
            environment: its variables.

        Raises:
            GivenUp: it was ended, or was not begun as the work was given up before.
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
            said, complained = process.communicate()
        except BaseException:  # Ctrl-C reaches no other session
            _end(process)
            process.wait()
            raise
        with self._lock:
            self._running = None
            if self._ended:
                raise GivenUp
        return subprocess.CompletedProcess(command, process.returncode, said, complained)

    def end(self) -> None:
        """End the command that runs, at once, and begin none any more."""
        with self._lock:
            self._ended = True
            if self._running is not None:
                _end(self._running)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
