"""The namespaces in which a node lives, held by one process with whose death everything ends.

Processes: killing the first one kills all, containers included. Mounts and network: they vanish with the last process.
So nothing of a node can outlive its run, however that ended; only folders and control groups are left to clear away.
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ParamSpec, TypeVar

from tests.cluster.node.processes import Identity, NodeFailed, wait_until
from tests.cluster.node.run import PROGRAMS

P = ParamSpec("P")
T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_NETWORK_THREADS = 16


def _only_child(pid: int) -> int | None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None


@dataclass(frozen=True)
class Namespaces:
    """New network, mount, process, IPC and host name namespaces.

    Attributes:
        holder: the program that made them; it ends when they do.
        first: process 1 of the namespaces, by its id outside.
    """

    holder: subprocess.Popen[bytes]
    first: Identity

    @classmethod
    def create(cls) -> "Namespaces":
        """Make the namespaces. They end with the thread that calls this, even if the process is killed."""
        unshare = ["unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
        pause = PROGRAMS / "pause"
        holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *unshare, "--", str(pause)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is for the owner, who then ends the node in order
        )

        def runs_pause() -> bool:
            if holder.poll() is not None:
                raise NodeFailed(f"no namespaces can be made: {holder.communicate()[1].decode().strip()}")
            child = _only_child(holder.pid)
            return child is not None and Path(f"/proc/{child}/exe").resolve() == pause.resolve()

        wait_until(runs_pause, "process in the new namespaces", seconds=10)
        first = Identity.of(_only_child(holder.pid) or 0)
        if first is None:
            raise NodeFailed("the first process of the node ended at once")
        return cls(holder, first)

    def enter(self, *command: object) -> list[str]:
        """The command, to be run in all namespaces; its program and files are given by absolute paths."""
        return [
            "nsenter",
            f"--target={self.first.pid}",
            "--net",
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--",
            *map(str, command),
        ]

    def enter_network(self, *command: object) -> list[str]:
        """The command, to be run in the network namespace only: it sees this machine's files and processes."""
        return ["nsenter", f"--target={self.first.pid}", "--net", "--", *map(str, command)]

    def run(self, *command: object, text_input: str | None = None) -> str:
        """Run a command in all namespaces.

        Returns:
            What it wrote to its standard output.

        Raises:
            NodeFailed: it ended with another status than 0.
        """
        done = subprocess.run(self.enter(*command), input=text_input, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NodeFailed(f"`{' '.join(map(str, command))}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    @cached_property
    def _network_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_NETWORK_THREADS, "network", self._move_thread_to_network)

    def _move_thread_to_network(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/proc/{self.first.pid}/ns/net").open() as network:
            if libc.setns(network.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns: cannot enter the node's network")

    def call_in_network(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a thread of this process whose sockets belong to the network namespace."""
        return self._network_threads.submit(function, *args, **kwargs).result()

    def end(self) -> None:
        """End every process of the namespaces; returns when all are gone."""
        self._network_threads.shutdown()
        with suppress(ProcessLookupError):
            os.kill(self.first.pid, signal.SIGKILL)
        self.holder.communicate(timeout=30)


def make_private(
    namespaces: Namespaces, binds: Sequence[tuple[Path, Path]], kernel_settings: dict[str, str], folder: Path
) -> None:
    """Give the node its own version of folders and kernel settings that programs expect at fixed places.

    Args:
        namespaces: where it is done.
        binds: (folder of the run, place at which the node's programs see it).
        kernel_settings: names under /proc/sys and the value that a program reads there. They are shown, not set: a test
            must not change how the machine behaves when it panics or runs out of memory.
        folder: where the files behind the settings are kept.
    """
    namespaces.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for source, target in binds:
        source.mkdir(parents=True, exist_ok=True)
        target.mkdir(parents=True, exist_ok=True)
        namespaces.run("mount", "--bind", source, target)
    folder.mkdir()
    for name, value in kernel_settings.items():
        shown = folder / name.replace("/", ".")
        shown.write_text(value)
        namespaces.run("mount", "--bind", shown, f"/proc/sys/{name}")
