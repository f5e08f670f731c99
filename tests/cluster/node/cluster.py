"""Starting and ending the whole: one node with KServe."""

import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.node import cgroups, containerd, control_plane, kserve, kubelet, network, software
from tests.cluster.node.certificates import Authority
from tests.cluster.node.machine import Machine
from tests.cluster.node.namespaces import Namespaces, make_private
from tests.cluster.node.processes import Component, Identity, NodeFailed, wait_until
from tests.cluster.node.run import KSERVE_CRDS, RUNS, Run

_FIRST_PROCESS = "first-process"


@contextmanager
def running() -> Iterator[Machine]:
    """A node with KServe, for as long as the block runs and at most as long as the calling thread lives.

    Raises:
        NodeFailed: it did not start; the logs it names are kept until the next start.
    """
    with _machine() as machine:
        authority = Authority(machine.run.certificates)
        authority.create()
        _start(machine, authority)
        yield machine


@contextmanager
def control_plane_alone() -> Iterator[Machine]:
    """An API server with its controllers, but without a node and without KServe; otherwise as `running`."""
    with _machine() as machine:
        authority = Authority(machine.run.certificates)
        authority.create()
        control_plane.start(machine, authority)
        yield machine


@contextmanager
def _machine() -> Iterator[Machine]:
    clear_dead_runs()
    run = Run.create()
    namespaces = Namespaces.create()
    failed = False
    try:
        _write_identity(run, namespaces.first)
        network.create(namespaces, run.addresses)
        yield Machine(run, namespaces)
    except NodeFailed:
        failed = True  # its logs are wanted
        raise
    finally:
        namespaces.end()
        cgroups.remove(run.name)
        if not failed:
            shutil.rmtree(run.folder)


def clear_dead_runs() -> None:
    """Clear away what runs of this clone left whose owner has been killed."""
    RUNS.mkdir(parents=True, exist_ok=True)
    with (RUNS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for folder in sorted(path for path in RUNS.iterdir() if path.is_dir()):
            run = Run(folder)
            if not run.owner.alive():
                _end_first_process(run)
                cgroups.remove(run.name)
                shutil.rmtree(folder)


def _write_identity(run: Run, first: Identity) -> None:
    (run.folder / _FIRST_PROCESS).write_text(f"{first.pid} {first.started}")


def _end_first_process(run: Run) -> None:
    """The kernel has done it when the owner ended, unless that happened while it was just making the namespaces."""
    record = run.folder / _FIRST_PROCESS
    if not record.exists():
        return
    first = Identity(*map(int, record.read_text().split()))
    if first.alive():
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: not first.alive(), f"end of process {first.pid}", seconds=20)


def _start(machine: Machine, authority: Authority) -> None:
    run = machine.run
    cgroups.create(run.name)
    private = [(run.folder / "private" / folder.replace("/", "_"), Path(folder)) for folder in kubelet.PRIVATE_FOLDERS]
    make_private(machine.namespaces, private, kubelet.KERNEL_SETTINGS, run.folder / "kernel-settings")
    with ThreadPoolExecutor() as at_once:
        preparing = at_once.submit(_start_containerd, machine)
        control_plane.start(machine, authority)
        runtime = preparing.result()
    agent, proxy = kubelet.start(machine, authority), kubelet.start_proxy(machine, authority)
    controller = _start_kserve(machine, authority)
    wait_until(lambda: _node_ready(machine), "ready node", seconds=90, components=(runtime, agent, proxy))
    wait_until(lambda: _kserve_answers(machine), "answer from KServe's webhooks", seconds=60, components=(controller,))


def _start_containerd(machine: Machine) -> Component:
    environment = machine.run.folder / "environment"
    software.install(environment)
    return containerd.start(machine, environment)


def _start_kserve(machine: Machine, authority: Authority) -> Component:
    addresses = machine.run.addresses
    expected = machine.run.configuration / "kserve.json"
    url = f"https://{addresses.node}:{addresses.webhook_port}"
    expected.write_text(json.dumps(kserve.objects(url, authority.certificate.read_bytes())))
    # Server-side: the InferenceService CRD is too large for the annotation that a plain apply adds.
    files = (*kserve.resource_definitions(KSERVE_CRDS), expected)
    _kubectl(machine, "apply", "--server-side", *(f"--filename={file}" for file in files))
    wait_until(lambda: _resources_served(machine), "API for KServe's resources", seconds=60)
    return kserve.start(machine, authority)


def _kubectl(machine: Machine, *arguments: str) -> str:
    done = machine.kubectl(*arguments)
    if done.returncode:
        raise NodeFailed(f"kubectl {' '.join(arguments)} failed: {done.stderr}")
    return done.stdout


def _node_ready(machine: Machine) -> bool:
    ready = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"
    return _kubectl(machine, "get", "nodes", "--output", ready) == "True"


def _resources_served(machine: Machine) -> bool:
    served = _kubectl(machine, "api-resources", f"--api-group={kserve.GROUP}", "--output=name").split()
    return {name.removesuffix(f".{kserve.GROUP}") for name in served} >= set(kserve.RESOURCES)


def _kserve_answers(machine: Machine) -> bool:
    addresses = machine.run.addresses
    return machine.namespaces.call_in_network(network.accepts, addresses.node, addresses.webhook_port)
