"""Start the tests' Kubernetes with KServe and keep it until Ctrl-C: `python -m tests.cluster`."""

import shlex
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from tests.cluster.install import not_installed, unavailable
from tests.cluster.node import cluster
from tests.cluster.node.machine import Machine
from tests.cluster.node.run import CACHE, PROGRAMS

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_PROGRAMS = ("kubectl", "helm")


def _stop_once(_number: int, _frame: FrameType | None) -> None:
    """End in order; an impatient second signal does not interrupt that."""
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _write_script(machine: Machine, program: str) -> Path:
    """A script that runs a program in the cluster's network; it goes with the run's folder."""
    settings = [f"{key}={value}" for key, value in machine.client_settings.items()]
    command = machine.namespaces.enter_network("env", *settings, PROGRAMS / program)
    script = machine.run.folder / program
    script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    script.chmod(0o755)
    return script


def _shortened(script: Path) -> Path:
    """A short path of the script, unless another running cluster of this clone has it."""
    short = CACHE / script.name
    if short.exists():
        return script
    short.unlink(missing_ok=True)  # it leads to a run that is gone
    short.symlink_to(script)
    return short


def _unlink_dangling() -> None:
    for short in (CACHE / program for program in _PROGRAMS):
        if not short.exists():
            short.unlink(missing_ok=True)


def _explain(machine: Machine) -> None:
    kubectl, helm = (_shortened(_write_script(machine, program)) for program in _PROGRAMS)
    shell = shlex.join(machine.namespaces.enter_network("sh"))
    print(f"  {kubectl} get nodes")
    print(f"  {helm} list --all-namespaces")
    print(f"  {shell}    # a shell in the cluster's network, where the node is {machine.run.addresses.node}")
    print(f"  logs: {machine.run.logs}")
    print("Ctrl-C ends it and removes what it left.", flush=True)


def main() -> int:
    """Start, say how to use it, wait; status 1 if the cluster cannot run here."""
    if reason := unavailable() or not_installed():
        print(f"cluster: {reason}")
        return 1
    for number in _STOPPING:
        signal.signal(number, _stop_once)
    started = time.monotonic()
    try:
        with cluster.running() as machine:
            print(f"Kubernetes and KServe are ready after {time.monotonic() - started:.0f} s.")
            _explain(machine)
            signal.pause()
    except KeyboardInterrupt:
        _unlink_dangling()
    return 0


if __name__ == "__main__":
    sys.exit(main())
