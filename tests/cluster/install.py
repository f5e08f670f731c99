"""Install what the cluster needs: `python -m tests.cluster.install`. What is there is left as it is."""

import fcntl
import functools
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster import programs
from tests.cluster.node.run import CACHE, KSERVE_CRDS, PROGRAMS

_PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "nft": "nftables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "openssl": "openssl",
    "sysctl": "procps",
}
"""A program that the node runs → the Debian package that has it."""

_SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
_NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--mount-proc", "true")


@functools.cache
def unavailable() -> str | None:
    """Why the cluster cannot run on this machine; None if it can, once everything is installed."""
    if platform.system() != "Linux":
        return f"it needs Linux, and this is {platform.system()}"
    if os.geteuid() != 0:
        return "it needs root, for namespaces and mounts"
    unbuilt = [module.folder for module in programs.MODULES if not module.is_built]
    if unbuilt and shutil.which("go") is None:
        return f"it needs Go, to build {', '.join(unbuilt)}"
    if (packages := _missing_packages()) and shutil.which("apt-get") is None:
        return f"it needs what Debian has in {', '.join(packages)}, and there is no apt-get to install it"
    if subprocess.run(_NAMESPACES, capture_output=True, check=False).returncode:
        return "this root may not create namespaces; a container has to be privileged"
    return None


@functools.cache
def not_installed() -> str | None:
    """What `python -m tests.cluster.install` has still to do before the cluster can start; None if nothing."""
    missing = [*_missing_packages(), *(module.folder for module in programs.MODULES if not module.is_built)]
    if not KSERVE_CRDS.exists():
        missing.append("KServe's CRDs")
    return f"{', '.join(missing)} not installed; run `python -m tests.cluster.install`" if missing else None


def _missing_packages() -> list[str]:
    return [package for program, package in _PACKAGES.items() if shutil.which(program, path=_SEARCHED) is None]


def install() -> None:
    """Install what is missing.

    Raises:
        programs.BuildFailed: a program could not be built.
        subprocess.CalledProcessError: apt-get failed; it has said why.
    """
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second invocation waits, and then finds everything
        if packages := _missing_packages():
            install_packages(packages)
        for module in programs.MODULES:
            if not module.is_built:
                with _step(f"building {', '.join(module.programs)} from Go modules"):
                    module.build()
                if module is programs.KSERVE:
                    shutil.rmtree(KSERVE_CRDS, ignore_errors=True)
        if not KSERVE_CRDS.exists():
            with _step("copying KServe's CRDs"):
                programs.copy_kserve_crds()


def install_packages(packages: list[str]) -> None:
    """Install Debian packages; what is being installed is said on standard output.

    Raises:
        subprocess.CalledProcessError: apt-get failed; it has said why.
    """
    apt_get = ("apt-get", "--quiet=2", "--option=DPkg::Lock::Timeout=600")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _step(f"installing {', '.join(packages)}"):
        subprocess.run([*apt_get, "update"], check=True, env=environment, stdout=subprocess.DEVNULL)
        command = [*apt_get, "install", "--no-install-recommends", *packages]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def _step(what: str) -> Iterator[None]:
    print(f"cluster: {what} ...", end=" ", flush=True)
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:.0f} s", flush=True)


def main() -> int:
    """Install; status 1 if that fails, or if the cluster cannot run although CI=true asks for all tests."""
    if reason := unavailable():
        print(f"cluster: left out: {reason}")
        return int(os.environ.get("CI") == "true")
    try:
        install()
    except (programs.BuildFailed, subprocess.CalledProcessError) as error:
        print(f"\ncluster: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
