"""What the pods run: the project's wheel, built from the working tree and installed as a user would install it."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.absent import HIDE_IT
from tests.cluster.node.processes import NodeFailed
from tests.cluster.node.run import REPOSITORY

PLACE = Path("/opt/transformermodel")
"""Where the environment with the wheel is found in a container."""
DEPENDENCIES = Path("/opt/dependencies")
"""Where the packages that the project depends on are found in a container."""


def install(folder: Path) -> None:
    """Build the wheel and install it, alone, into a virtual environment.

    What it depends on is taken from this environment's packages, which the container has at DEPENDENCIES. Packages that
    are installed there in editable mode are not seen: Python reads .pth files only in the environment itself.
    """
    wheels = folder.with_suffix(".wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", wheels, REPOSITORY)
    (wheel,) = wheels.glob("*.whl")
    uv = Path(sys.prefix) / "bin" / "uv"
    # Relocatable: its scripts find Python beside them, wherever the environment is mounted.
    _run(uv, "venv", "--quiet", "--relocatable", "--no-project", "--python", base_python(), folder)
    # Compiled here once: containers see it read-only, and each of their processes would have to compile it.
    flags = ("--quiet", "--offline", "--no-deps", "--compile-bytecode", "--python", folder / "bin" / "python")
    _run(uv, "pip", "install", *flags, wheel)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{DEPENDENCIES}\n{HIDE_IT}\n")


def base_python() -> Path:
    """The interpreter from which this virtual environment was made."""
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def mounts(environment: Path) -> dict[Path, Path]:
    """Folders of this machine that a container sees, read-only: place in the container → folder.

    All but the base interpreter's, which is bound to its path, are at places of their own, so that a volume at /tmp
    hides nothing even if this project lies there.
    """
    found = {Path("/usr"): Path("/usr"), PLACE: environment, DEPENDENCIES: Path(sysconfig.get_path("purelib"))}
    base = Path(sys.base_prefix)
    return found if base.is_relative_to("/usr") else {**found, base: base}


def _run(*command: object) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NodeFailed(f"`{' '.join(map(str, command))}` failed:\n{done.stdout}{done.stderr}")
