"""etcd and the real API server, as programs of this machine on loopback: without node, controllers and KServe."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.node.certificates import Authority, Certificate
from tests.cluster.node.machine import PROGRAMS_SETTINGS
from tests.cluster.node.processes import Component, wait_until
from tests.cluster.node.run import KSERVE_CRDS, PROGRAMS, REPOSITORY
from tests.ports import free_ports

_ISSUER = "https://kubernetes.default.svc"
_CRDS = (
    REPOSITORY / "crds" / "transformermodel.dev_transformermodels.yaml",
    KSERVE_CRDS / "serving.kserve.io_inferenceservices.yaml",
)
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}],
}

MISSING = not (PROGRAMS / "kube-apiserver").exists() or not KSERVE_CRDS.exists()
"""Whether the programs have still to be built, by `python -m tests.cluster.install`."""


@dataclass(frozen=True)
class ApiServer:
    """A running API server.

    Attributes:
        url: where it answers.
        folder: its certificates, kubeconfigs and logs.
        admin: its administrator's certificate.
        program: its process.
    """

    url: str
    folder: Path
    admin: Certificate
    program: Component

    @property
    def authority(self) -> Path:
        """Certificate by which it is checked."""
        return Authority(self.folder).certificate

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of its administrator."""
        return self.folder / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """What service accounts have asked of it."""
        return self.folder / "audit.log"

    def kubectl(self, *arguments: object, given: str | None = None) -> str:
        """Run kubectl as administrator.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        access = {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(self.folder / "cache")}
        environment = {**os.environ, **PROGRAMS_SETTINGS, **access}
        command = [str(PROGRAMS / "kubectl"), *map(str, arguments)]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout


@contextmanager
def running_api_server(folder: Path) -> Iterator[ApiServer]:
    """An API server that knows TransformerModels and InferenceServices; it ends with the block."""
    authority = Authority(folder)
    authority.create()
    etcd_port, peer_port, port = free_ports(3)
    with ExitStack() as programs:
        etcd = programs.enter_context(
            _running(
                folder,
                "etcd",
                f"--data-dir={folder / 'etcd'}",
                f"--listen-client-urls=http://127.0.0.1:{etcd_port}",
                f"--advertise-client-urls=http://127.0.0.1:{etcd_port}",
                f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
                "--unsafe-no-fsync",  # nothing of a run is worth keeping
                "--log-level=warn",
            )
        )
        arguments = _arguments(folder, authority, etcd_port, port)
        program = programs.enter_context(_running(folder, "kube-apiserver", *arguments))
        admin = authority.issue("admin", "/O=system:masters/CN=admin")
        server = ApiServer(f"https://127.0.0.1:{port}", folder, admin, program)
        authority.write_kubeconfig(server.kubeconfig, server.url, admin)
        wait_until(lambda: _ready(server), "ready API server", seconds=120, components=(etcd, program))
        server.kubectl("apply", "--server-side", *(f"--filename={file}" for file in _CRDS))
        wait_until(lambda: _serves(server), "API for the resources", seconds=120, components=(etcd, program))
        yield server


def _arguments(folder: Path, authority: Authority, etcd_port: int, port: int) -> Iterator[str]:
    server = authority.issue("kube-apiserver", "/CN=kube-apiserver", ("IP:127.0.0.1",))
    policy = folder / "audit-policy.json"
    policy.write_text(json.dumps(_AUDIT_POLICY))
    yield f"--etcd-servers=http://127.0.0.1:{etcd_port}"
    yield "--bind-address=127.0.0.1"
    yield f"--secure-port={port}"
    yield "--service-cluster-ip-range=198.18.128.0/24"
    yield "--authorization-mode=RBAC"
    # Pods are made by the tests, for Jobs that no controller knows.
    yield "--disable-admission-plugins=ServiceAccount"
    # A child may hold up its owner's end only by who may set the owner's finalizers: as OpenShift has it.
    yield "--enable-admission-plugins=OwnerReferencesPermissionEnforcement"
    yield f"--client-ca-file={authority.certificate}"
    yield f"--tls-cert-file={server.certificate}"
    yield f"--tls-private-key-file={server.key}"
    yield f"--service-account-key-file={authority.service_account_key}"
    yield f"--service-account-signing-key-file={authority.service_account_key}"
    yield f"--service-account-issuer={_ISSUER}"
    yield f"--audit-policy-file={policy}"
    yield f"--audit-log-path={folder / 'audit.log'}"


def _ready(server: ApiServer) -> bool:
    try:
        return server.kubectl("get", "--raw=/readyz") == "ok"
    except AssertionError:
        return False


def _serves(server: ApiServer) -> bool:
    known = server.kubectl("api-resources", "--output=name").split()
    return {"transformermodels.transformermodel.dev", "inferenceservices.serving.kserve.io"} <= set(known)


@contextmanager
def _running(folder: Path, name: str, *arguments: str) -> Iterator[Component]:
    """A program that ends with the block, and with the thread that started it however that ends."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", str(PROGRAMS / name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **PROGRAMS_SETTINGS},
        )
    try:
        yield Component(name, process, log)
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
