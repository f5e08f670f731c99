"""Install the servers: `python -m tests.object_stores.install`. What is there is left as it is."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cluster.node.run import PROGRAMS, REPOSITORY
from tests.cluster.programs import BuildFailed, Module
from transformermodel_predictor.objects.location import Scheme

_HERE = Path(__file__).parent
_AZURITE_FOLDER = REPOSITORY / ".cache" / "azurite"
_PACKAGE = _HERE / "package.json"
_NODE_PACKAGES = ("nodejs", "npm")

_S3 = Module("s3", {"versitygw": "github.com/versity/versitygw/cmd/versitygw"}, root=_HERE / "go")
_GCS = Module("gcs", {"fake-gcs-server": "github.com/fsouza/fake-gcs-server"}, root=_HERE / "go")
_MODULES = {Scheme.S3: _S3, Scheme.GCS: _GCS}

VERSITYGW = PROGRAMS / "versitygw"
FAKE_GCS_SERVER = PROGRAMS / "fake-gcs-server"
AZURITE = _AZURITE_FOLDER / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"


def not_installed(scheme: Scheme) -> str | None:
    """Why the server of a service cannot be started; None if it can."""
    module = _MODULES.get(scheme)
    if module is None:
        there = AZURITE.exists() and shutil.which("node") is not None and _installed_package() == _PACKAGE.read_text()
        name = "Azurite"
    else:
        there = module.is_built
        name = ", ".join(module.programs)
    return None if there else f"{name} is not installed; run `python -m tests.object_stores.install`"


def install() -> None:
    """Install what is missing.

    Raises:
        BuildFailed: a program could not be built.
        FileNotFoundError: there is no Go, or neither Node.js nor apt-get.
        subprocess.CalledProcessError: npm or apt-get failed; it has said why.
    """
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    with (PROGRAMS / ".object-stores.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second invocation waits, and then finds everything
        for scheme, module in _MODULES.items():
            if not_installed(scheme):
                print(f"object stores: building {', '.join(module.programs)} from Go modules ...", flush=True)
                module.build()
        if not_installed(Scheme.Azure):
            _install_azurite()


def _install_azurite() -> None:
    if shutil.which("npm") is None:
        apt_get = ("apt-get", "--quiet=2", "--option=DPkg::Lock::Timeout=600")
        print(f"object stores: installing {', '.join(_NODE_PACKAGES)} ...", flush=True)
        subprocess.run([*apt_get, "update"], check=True, stdout=subprocess.DEVNULL)
        command = [*apt_get, "install", "--no-install-recommends", *_NODE_PACKAGES]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    print("object stores: installing Azurite from npm ...", flush=True)
    _AZURITE_FOLDER.mkdir(parents=True, exist_ok=True)
    options = ("--no-audit", "--no-fund", "--no-package-lock", "--omit=optional", "--loglevel=error")
    (_AZURITE_FOLDER / "package.json").unlink(missing_ok=True)
    shutil.copyfile(_PACKAGE, _AZURITE_FOLDER / "package.json.new")
    subprocess.run(
        ["npm", "install", *options, f"--prefix={_AZURITE_FOLDER}", _azurite_version()],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (_AZURITE_FOLDER / "package.json.new").replace(_AZURITE_FOLDER / "package.json")


def _azurite_version() -> str:

    (dependency,) = json.loads(_PACKAGE.read_text())["dependencies"].items()
    return "@".join(dependency)


def _installed_package() -> str | None:
    record = _AZURITE_FOLDER / "package.json"
    return record.read_text() if record.exists() else None


def main() -> int:
    """Install; status 1 if that fails although CI=true asks for all tests."""
    try:
        install()
    except (BuildFailed, FileNotFoundError, subprocess.CalledProcessError) as error:
        print(f"object stores: left out: {error}")
        return int(os.environ.get("CI") == "true")
    return 0


if __name__ == "__main__":
    sys.exit(main())
