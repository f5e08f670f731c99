"""The programs of the cluster, built from Go modules, and the CRDs that KServe's module carries."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.node.run import CACHE, KSERVE_CRDS, PROGRAMS

_MODULES = Path(__file__).parent / "go"
_KUBERNETES_VERSION = "1.34.4"
_COMPONENTS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubelet",
)


class BuildFailed(Exception):
    """A program could not be built; the message holds the compiler's words."""


@dataclass(frozen=True)
class Module:
    """A Go module and the programs that are built from it.

    Attributes:
        folder: name of its folder.
        programs: program → package.
        variables: package variables that the linker sets.
        aliases: further names by which its first program is called.
        tags: build tags.
        root: where its folder is.
    """

    folder: str
    programs: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    root: Path = _MODULES

    @property
    def path(self) -> Path:
        """Where its go.mod is."""
        return self.root / self.folder

    def flags(self) -> tuple[str, ...]:
        """Flags of `go build`; the same in every clone, so that Go's own cache serves them all."""
        settings = " ".join(f"-X {name}={value}" for name, value in self.variables.items())
        tags = (f"-tags={','.join(self.tags)}",) if self.tags else ()
        return ("-trimpath", "-buildvcs=false", f"-ldflags=-s -w {settings}".rstrip(), *tags)

    def key(self) -> str:
        """Changes whenever the programs have to be built anew."""
        content = hashlib.sha256(repr((self.programs, self.flags(), self.aliases)).encode())
        for file in sorted(path for path in self.path.rglob("*") if path.is_file()):
            content.update(file.relative_to(self.path).as_posix().encode() + b"\0" + file.read_bytes())
        return content.hexdigest()

    @property
    def is_built(self) -> bool:
        """Whether the programs are there as they would be built now."""
        names = (*self.programs, *self.aliases)
        there = all((PROGRAMS / name).exists() for name in names)
        return there and self._record.exists() and self._record.read_text() == self.key()

    def build(self) -> None:
        """Build the programs into PROGRAMS; each appears there at once, when it is complete.

        Raises:
            BuildFailed: Go reports an error.
        """
        with tempfile.TemporaryDirectory(dir=PROGRAMS) as folder:
            for name, package in self.programs.items():
                _go("build", *self.flags(), "-o", Path(folder) / name, package, module=self.path)
                (Path(folder) / name).replace(PROGRAMS / name)
        for alias in self.aliases:
            (PROGRAMS / alias).unlink(missing_ok=True)
            (PROGRAMS / alias).symlink_to(next(iter(self.programs)))
        self._record.write_text(self.key())

    @property
    def _record(self) -> Path:
        """What the programs were built from."""
        return PROGRAMS / f".{self.folder}"


def _go(*arguments: object, module: Path) -> str:
    command = ["go", *map(str, arguments)]
    environment = {**os.environ, "CGO_ENABLED": "0"}
    done = subprocess.run(command, cwd=module, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"`{' '.join(command)}` in {module} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = _KUBERNETES_VERSION.split(".")
KUBERNETES = Module(
    "kubernetes",
    {"kubernetes": ".", "kubectl": "./kubectl", "pause": "./pause"},
    # Without these the API server would call itself v0.0.0, and clients would not believe it anything.
    {
        f"{_VERSION}.gitVersion": f"v{_KUBERNETES_VERSION}",
        f"{_VERSION}.gitMajor": _MAJOR,
        f"{_VERSION}.gitMinor": _MINOR,
    },
    _COMPONENTS,
)
_KSERVE = "github.com/kserve/kserve"
KSERVE = Module("kserve", {"manager": f"{_KSERVE}/cmd/manager"})
HELM = Module("helm", {"helm": "helm.sh/helm/v4/cmd/helm"})
METRICS_SERVER = Module("metrics-server", {"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"})
MODULES = (KUBERNETES, KSERVE, HELM, METRICS_SERVER)


def copy_kserve_crds() -> None:
    """Copy the CRDs of KServe's release to KSERVE_CRDS; the folder appears at once, when it is complete."""
    release = Path(_go("list", "-m", "-f", "{{.Dir}}", _KSERVE, module=KSERVE.path).strip()) / "config" / "crd" / "full"
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        copied = Path(folder) / KSERVE_CRDS.name
        copied.mkdir()
        for file in (*release.glob("serving.*.yaml"), *release.glob("clusterstoragecontainer/serving.*.yaml")):
            shutil.copyfile(file, copied / file.name)
        shutil.rmtree(KSERVE_CRDS, ignore_errors=True)
        copied.replace(KSERVE_CRDS)
