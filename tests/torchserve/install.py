"""Install TorchServe and its archiver beside the tests: `python -m tests.torchserve.install`.

What is there is left as it is.
"""

import fcntl
import functools
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.cluster.node.run import CACHE

VERSION = "0.12.0"
ENVIRONMENT = CACHE.parent / "torchserve" / VERSION
PYTHON = ENVIRONMENT / "bin" / "python"
PROGRAM = ENVIRONMENT / "bin" / "torchserve"
ARCHIVER = ENVIRONMENT / "bin" / "torch-model-archiver"
_PACKAGES = (f"torchserve=={VERSION}", f"torch-model-archiver=={VERSION}", "packaging", "pillow", "psutil")
"""TorchServe declares no dependencies, but imports these."""


@functools.cache
def unavailable() -> str | None:
    """Why TorchServe cannot run on this machine; None if it can."""
    return None if shutil.which("java") else "it needs Java 17 (Debian: openjdk-17-jre-headless)"


def install() -> None:
    """Make an environment of its own that sees PyTorch and everything else of ours, but not the other way round.

    Raises:
        subprocess.CalledProcessError: a package could not be installed.
    """
    ENVIRONMENT.parent.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENT.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ARCHIVER.exists():
            return
        uv = Path(sys.executable).with_name("uv")
        if not PYTHON.exists():
            subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, ENVIRONMENT], check=True)
        install = (uv, "pip", "install", "--quiet", "--python", PYTHON, "--no-deps")
        subprocess.run([*install, *_PACKAGES], check=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        shared = ENVIRONMENT / "lib" / version / "site-packages" / "shared.pth"
        # Not the bare path: then the links in that folder, such as ours to the checkout, would not be followed.
        shared.write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")


if __name__ == "__main__":
    install()
