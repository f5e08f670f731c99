"""The command line in copies of a process that has imported what takes seconds: for tests of what a command does."""

import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryFile

from tests.predictor.forked import FORKED
from transformermodel_cli import entry


class Forked:
    """A command that runs, with what `subprocess.Popen` has for it.

    Attributes:
        stderr: what it says there, as it says it.
    """

    def __init__(
        self, *arguments: str, folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        reading, writing = os.pipe()
        self.stderr = os.fdopen(reading)
        self._printed = TemporaryFile("w+")  # noqa: SIM115 - until its end was waited for
        said, printed = Connection(writing, readable=False), Connection(os.dup(self._printed.fileno()), readable=False)
        place, variables = str(folder or Path.cwd()), dict(os.environ if environment is None else environment)
        self._process = FORKED.Process(target=_run, args=(arguments, place, variables, printed, said))
        self._process.start()
        Finalize(self, self._process.kill, exitpriority=0)  # one that a failed test has left would be waited for
        printed.close()
        said.close()  # so that its end is that of the process, and of all that it has started

    @property
    def returncode(self) -> int:
        """Its exit status, once it has ended; of a signal that ended it, less than zero."""
        assert self._process.exitcode is not None
        return self._process.exitcode

    def poll(self) -> int | None:
        """Its exit status, if it has ended."""
        return self._process.exitcode

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def communicate(self) -> tuple[str, str]:
        """Wait for its end; what it has printed, and what was not read yet of what it has said."""
        with self.stderr, self._printed:
            said = self.stderr.read()
            self._process.join()
            self._printed.seek(0)
            return self._printed.read(), said


def run(*arguments: str, folder: Path | None = None) -> CompletedProcess[str]:
    """Run a command to its end, with this process's environment."""
    process = Forked(*arguments, folder=folder)
    printed, said = process.communicate()
    return CompletedProcess(arguments, process.returncode, printed, said)


def _run(
    arguments: tuple[str, ...], folder: str, environment: Mapping[str, str], printed: Connection, said: Connection
) -> None:
    os.dup2(printed.fileno(), sys.stdout.fileno())
    os.dup2(said.fileno(), sys.stderr.fileno())
    printed.close()
    said.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["transformermodel", *arguments]
    entry.run()
