"""Where one run of the node keeps its files, and which addresses it uses."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.node.processes import Identity

REPOSITORY = Path(__file__).resolve().parents[3]
CACHE = REPOSITORY / ".cache" / "cluster"
"""What is built once and kept: programs, KServe's CRDs; and a folder for each run."""
RUNS = CACHE / "runs"
PROGRAMS = CACHE / "bin"
KSERVE_CRDS = CACHE / "kserve-crds"


@dataclass(frozen=True)
class Addresses:
    """Addresses inside the run's network namespace.

    198.18.0.0/15 is set aside for tests of this kind (RFC 2544); nothing outside the namespace is reachable from it, so
    that every run can use the same ones.
    """

    node: str = "198.18.0.1"
    node_prefix: int = 24
    pods: str = "198.19.0.0/16"
    pods_of_node: str = "198.19.0.0/24"
    services: str = "198.18.128.0/17"
    api_service: str = "198.18.128.1"
    api_port: int = 6443
    webhook_port: int = 9443
    metrics_port: int = 4443

    @property
    def api(self) -> str:
        """URL of the API server."""
        return f"https://{self.node}:{self.api_port}"


@dataclass(frozen=True)
class Run:
    """One start of the node. Its folder's name says which process owns it: `<pid>-<start time>-<random>`."""

    folder: Path
    addresses: Addresses = Addresses()

    @classmethod
    def create(cls) -> "Run":
        """Make the folder of a new run that this process owns."""
        RUNS.mkdir(parents=True, exist_ok=True)
        owner = Identity.of_this_process()
        # Pods run as another user and read what is mounted from here.
        folder = Path(tempfile.mkdtemp(prefix=f"{owner.pid}-{owner.started}-", dir=RUNS))
        folder.chmod(0o755)
        run = cls(folder)
        for path in (run.logs, run.certificates, run.configuration, run.volumes):
            path.mkdir()
        return run

    @property
    def name(self) -> str:
        """Unique on this machine, also beside the runs of other clones; names the run's control groups."""
        return f"transformermodel-{self.folder.name}"

    @property
    def owner(self) -> Identity:
        """The process that started the run. When it is gone, so is the run."""
        pid, started, _ = self.folder.name.split("-", 2)
        return Identity(int(pid), int(started))

    @property
    def logs(self) -> Path:
        """One file per component."""
        return self.folder / "logs"

    @property
    def audit_log(self) -> Path:
        """What the API server was asked to change (see `audit`)."""
        return self.logs / "audit.log"

    @property
    def certificates(self) -> Path:
        """The authority's and the components' certificates and keys."""
        return self.folder / "certificates"

    @property
    def configuration(self) -> Path:
        """Configuration files and kubeconfigs of the components."""
        return self.folder / "configuration"

    @property
    def volumes(self) -> Path:
        """Folders behind the tests' PersistentVolumes."""
        return self.folder / "volumes"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the administrator."""
        return self.configuration / "admin.kubeconfig"
