"""What tests do with the cluster: commands, objects, requests, waiting."""

import functools
import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import httpx

from tests.cluster import diagnosis
from tests.cluster.node.audit import Write, read_writes
from tests.cluster.node.containerd import OPERATOR_IMAGE, PREDICTOR_IMAGE
from tests.cluster.node.machine import Machine
from tests.cluster.node.network import accepts
from tests.cluster.node.processes import NodeFailed, wait_until
from tests.cluster.node.run import PROGRAMS, Addresses

Object = dict[str, Any]
"""A Kubernetes object as JSON."""
P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 600
"""After which what is waited for is not expected any more: a busy machine takes many times what an idle one does."""


class CommandFailed(AssertionError):
    """A command ended with another status than 0; the message holds what it wrote."""


class NotReached(AssertionError):
    """A condition did not come true in time; the message holds what the cluster says about it."""


class Response(NamedTuple):
    """An HTTP answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def condition(kind: str, status: str = "True") -> Callable[[Object], bool]:
    """Predicate: the object's condition of this type has this status, for the generation that is wanted now."""

    def holds(document: Object) -> bool:
        found = [entry for entry in document.get("status", {}).get("conditions") or () if entry["type"] == kind]
        generation = document["metadata"].get("generation")
        return any(
            entry["status"] == status and entry.get("observedGeneration", generation) == generation for entry in found
        )

    return holds


def served(crd: Object) -> bool:
    """Whether the API server serves what a CRD defines.

    At first its conditions are null, over which `kubectl wait` fails.
    """
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(found["type"] == "Established" and found["status"] == "True" for found in conditions)


@dataclass(frozen=True)
class Kubernetes:
    """The running cluster, seen by its administrator."""

    machine: Machine
    operator_image = OPERATOR_IMAGE
    predictor_image = PREDICTOR_IMAGE

    @property
    def addresses(self) -> Addresses:
        """The addresses inside the cluster's network."""
        return self.machine.run.addresses

    @property
    def node_ip(self) -> str:
        """Address at which pods reach programs that run in the cluster's network, beside the pods."""
        return self.addresses.node

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the administrator, of use inside the cluster's network only."""
        return self.machine.run.kubeconfig

    @property
    def logs(self) -> Path:
        """Folder with the logs of the cluster's components."""
        return self.machine.run.logs

    def kubectl(
        self,
        *arguments: object,
        input: str | None = None,  # noqa: A002 - as subprocess.run calls it
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl.

        Raises:
            CommandFailed: with check, if it ends with another status than 0.
        """
        return self.run_in_network(PROGRAMS / "kubectl", *arguments, input=input, check=check)

    def helm(self, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run helm; errors as with kubectl."""
        return self.run_in_network(PROGRAMS / "helm", *arguments, check=check)

    def run_in_network(
        self,
        *command: object,
        input: str | None = None,  # noqa: A002
        check: bool = True,
        environment: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of this machine in the cluster's network; KUBECONFIG is set.

        Args:
            command: program and arguments.
            input: what it reads from its standard input.
            check: whether another status than 0 is an error.
            environment: additional variables.
            timeout: seconds after which it is killed and subprocess.TimeoutExpired raised.

        Raises:
            CommandFailed: see check.
        """
        done = subprocess.run(
            self.machine.namespaces.enter_network(*command),
            input=input,
            capture_output=True,
            text=True,
            check=False,
            env={**self.machine.client_environment, **(environment or {})},
            timeout=timeout,
        )
        if check and done.returncode:
            shown = " ".join(map(str, command))
            raise CommandFailed(f"`{shown}` ended with status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def popen_in_network(
        self, *command: object, environment: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start a program of this machine in the cluster's network, with KUBECONFIG; options are subprocess.Popen's."""
        return subprocess.Popen(
            self.machine.namespaces.enter_network(*command),
            env={**self.machine.client_environment, **(environment or {})},
            text=True,
            **options,
        )

    def call_in_network(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a thread whose sockets belong to the cluster's network, and wait for its result."""
        return self.machine.namespaces.call_in_network(function, *args, **kwargs)

    def apply(self, documents: Object | Sequence[Object]) -> None:
        """`kubectl apply` one or more objects, in their order."""
        items = [documents] if isinstance(documents, dict) else list(documents)
        self.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """An object as it is now; None if it does not exist."""
        arguments = ("get", kind, name, *_in(namespace), "--ignore-not-found", "--output=json")
        text = self.kubectl(*arguments).stdout
        return json.loads(text) if text.strip() else None

    def objects(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Object]:
        """The objects of a kind in one namespace, or in all; narrowed by a label selector."""
        where = _in(namespace) or ("--all-namespaces",)
        done = self.kubectl("get", kind, *where, f"--selector={selector}", "--output=json")
        found: list[Object] = json.loads(done.stdout)["items"]
        return found

    def wait(
        self,
        kind: str,
        name: str,
        namespace: str | None,
        until: Callable[[Object], bool] | str,
        timeout: float = PATIENCE_SECONDS,
    ) -> Object:
        """Watch an object, which need not exist yet, until something holds.

        Args:
            kind: as kubectl understands it.
            name: of the object.
            namespace: of the object; None for kinds without.
            until: predicate, or a condition's type that must be True (see `condition`).
            timeout: seconds.

        Returns:
            The object for which it holds.

        Raises:
            NotReached: it did not in time.
        """
        holds = condition(until) if isinstance(until, str) else until
        last: Object | None = None
        for last in self._watch(kind, f"--field-selector=metadata.name={name}", namespace, timeout):
            if holds(last):
                return last
        what = until if isinstance(until, str) else getattr(until, "__name__", "what was waited for")
        raise NotReached(
            f"{kind}/{name}: {what} did not hold within {timeout:g} s; last seen: {json.dumps(last, indent=1)}\n"
            + diagnosis.of(self.machine, kind, name, namespace)
        )

    def wait_for_all(
        self,
        kind: str,
        namespace: str,
        selector: str,
        until: Callable[[list[Object]], bool],
        timeout: float = PATIENCE_SECONDS,
    ) -> list[Object]:
        """Watch the objects that a label selector finds, at least one, until something holds of all of them together.

        Raises:
            NotReached: it did not in time.
        """
        for _ in self._watch(kind, f"--selector={selector}", namespace, timeout):
            if until(found := self.objects(kind, namespace, selector)):
                return found
        what = getattr(until, "__name__", "what was waited for")
        raise NotReached(f"{kind} with {selector} in {namespace}: {what} did not hold within {timeout:g} s")

    def wait_deleted(
        self, kind: str, name: str, namespace: str | None = None, timeout: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until an object does not exist any more.

        Raises:
            NotReached: it still does.
        """
        arguments = ("wait", "--for=delete", f"{kind}/{name}", *_in(namespace), f"--timeout={timeout:g}s")
        if (done := self.kubectl(*arguments, check=False)).returncode:
            raise NotReached(f"{done.stderr}\n{diagnosis.of(self.machine, kind, name, namespace)}")

    def _watch(self, kind: str, which: str, namespace: str | None, timeout: float) -> Iterator[Object]:
        """The states of the objects that kubectl selects, from now on until the time is over."""
        process = self.popen_in_network(
            PROGRAMS / "kubectl",
            *("get", kind, *_in(namespace), which, "--watch", "--output=json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        alarm = threading.Timer(timeout, process.kill)
        alarm.start()
        try:
            assert process.stdout is not None
            yield from _documents(process.stdout)
            if (status := process.wait()) > 0 and process.stderr is not None:
                raise CommandFailed(f"kubectl get {kind} --watch ended with status {status}: {process.stderr.read()}")
        finally:
            alarm.cancel()
            process.kill()
            process.communicate()

    def http(
        self,
        method: str,
        url: str,
        json: object = None,  # as httpx calls it
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30,
    ) -> Response:
        """Send one request from inside the cluster's network, without TLS.

        Raises:
            httpx.HTTPError: no answer came.
        """
        # Not to verify saves reading the system's certificates, which takes ten times what the request does.
        send = functools.partial(httpx.request, verify=False, trust_env=False)
        answer = self.call_in_network(send, method, url, json=json, content=content, headers=headers, timeout=timeout)
        return Response(answer.status_code, answer.headers, answer.content)

    def writes(self, user: str) -> list[Write]:
        """What a user has asked the API server to change since the start, oldest first."""
        return [write for write in read_writes(self.machine.run.audit_log) if write.user == user]

    def address(self, service: str, namespace: str, timeout: float = PATIENCE_SECONDS) -> str:
        """Cluster address of a Service, once connections to its first port are accepted.

        It stands for the Service's name, for the cluster has no name service. A Service starts to accept a moment after
        its pods are ready, when kube-proxy has heard of them.

        Raises:
            NotReached: there is no such Service, or it does not accept in time.
        """
        found = self.get("service", service, namespace)
        if found is None:
            raise NotReached(f"there is no Service {service} in {namespace}")
        address, port = str(found["spec"]["clusterIP"]), int(found["spec"]["ports"][0]["port"])
        try:
            what = f"connection to Service {service} at {address}:{port}"
            wait_until(lambda: self.call_in_network(accepts, address, port), what, seconds=timeout)
        except NodeFailed as failure:
            raise NotReached(f"{failure}\n{diagnosis.of(self.machine, 'service', service, namespace)}") from failure
        return address


def _in(namespace: str | None) -> tuple[str, ...]:
    return (f"--namespace={namespace}",) if namespace else ()


def _documents(lines: Iterator[str]) -> Iterator[Object]:
    """Split kubectl's indented JSON documents, one after the other, at the lines with which each ends."""
    document: list[str] = []
    for line in lines:
        document.append(line)
        if line == "}\n":
            yield json.loads("".join(document))
            document = []
