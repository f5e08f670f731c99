"""Processes by identity, and waiting for what they do."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class NodeFailed(Exception):
    """A part of the node did not do what it should; the message names the log that tells why."""


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same id.

    Attributes:
        pid: process id.
        started: start time in clock ticks since boot, as in /proc/PID/stat.
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Identity of the process that has this id now; None if none has, or it only waits to be buried."""
        try:
            # The second field is the program's name in parentheses and may itself hold spaces.
            state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if state in "ZX" else cls(pid, int(fields[18]))

    @classmethod
    def of_this_process(cls) -> Self:
        """Identity of the calling process."""
        this = cls.of(os.getpid())
        assert this is not None
        return this

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return Identity.of(self.pid) == self


@dataclass(frozen=True)
class Component:
    """A started program of the node."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def wait_until(
    condition: Callable[[], bool], what: str, *, seconds: float, components: Sequence[Component] = ()
) -> None:
    """Wait until a condition holds.

    Args:
        condition: asked every tenth of a second.
        what: what is waited for, as the end of the sentence "after N s there was still no …".
        seconds: how long at most.
        components: the programs it depends on; when one ends, waiting is over at once.

    Raises:
        NodeFailed: the time is over or a component ended.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        for component in components:
            if (status := component.process.poll()) is not None:
                raise NodeFailed(
                    f"{component.name} ended with status {status}; {component.log}:\n{component.log_tail()}"
                )
        if time.monotonic() > deadline:
            logs = "\n".join(f"{component.log}:\n{component.log_tail()}" for component in components)
            raise NodeFailed(f"after {seconds:g} s there was still no {what}\n{logs}".rstrip())
        time.sleep(0.1)
