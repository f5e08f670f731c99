"""Installs an archive's requirements into a folder of their own."""

import hashlib
import json
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from importlib.metadata import distributions, version
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checksums import sha256_of
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.reading.commands import Commands
from transformermodel_predictor.torchserve.reading.refusal import unusable

_log = logging.getLogger(__name__)

_SERVERS_PACKAGES = "packages-of-the-server.pth"
_READ_BY_PIP = (".txt", ".whl", ".tar.gz", ".zip", ".toml")
"""Suffixes of files in an archive that requirements may refer to."""

_PYTORCH = "torch"
_NO_AGREEMENT = "ResolutionImpossible"
"""pip's error for requirements that exclude each other."""


def with_requirements(archived: ArchivedModel, cache: Path, commands: Commands | None = None) -> ArchivedModel:
    """Install the archive's requirements, if it has any and its settings allow it.

    Args:
        archived: an opened archive.
        cache: folder that keeps complete installations, to be reused for equal requirements.
        commands: runs pip, so that another thread can end it.

    Raises:
        PreparationFailed: UnsupportedSource, the requirements file is missing; RequirementsNotInstalled, with pip's
            error.
        GivenUp: `commands` were ended.
    """
    name = archived.manifest.requirements_file
    if name is None:
        return archived
    if not archived.settings.use_requirements:
        _log.warning(
            "model %s: its %s is not installed; --install-requirements would, or install_py_dep_per_model=true",
            archived.name,
            name,
        )
        return archived
    target = cache / _key(archived.directory, name)
    if not target.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            packages = Path(folder) / "packages"
            install_requirements(archived.directory, name, packages, archived.name, commands)
            _move(packages, target)
    return replace(archived, packages=target)


def install_requirements(root: Path, name: str, target: Path, origin: str, commands: Commands | None = None) -> None:
    """Install a requirements file into a new folder, without the packages that the server has already.

    pip runs in an environment that sees the server's packages but cannot change them. Building a package from source
    runs its code.

    Args:
        root: the unpacked archive; paths in the file are relative to it.
        name: the file, relative to the archive.
        target: the folder to create, for an import path; it can be moved afterwards.
        origin: the model or its archive, for messages.
        commands: see `with_requirements`.

    Raises:
        PreparationFailed, GivenUp: as `with_requirements`.
    """
    if not (root / name).is_file():
        raise unusable(origin, f"has no {name}, which its manifest names as its requirements")
    with tempfile.TemporaryDirectory(prefix="requirements-") as folder:
        environment = Path(folder) / "environment"
        venv.EnvBuilder(with_pip=not _has_pip(), symlinks=True).create(environment)
        (packages,) = environment.glob("lib/python*/site-packages")
        before = {entry.name for entry in packages.iterdir()}
        (packages / _SERVERS_PACKAGES).write_text("".join(f"{place}\n" for place in _package_folders(sys.path)))
        _run_pip(_Pip(environment, root, name, commands or Commands()), origin)
        target.mkdir(parents=True)
        for entry in packages.iterdir():
            if entry.name not in before and entry.name != _SERVERS_PACKAGES:
                shutil.move(entry, target / entry.name)


def _has_pip() -> bool:
    """Whether this interpreter has pip.

    Uses PathFinder alone: setuptools' own finder takes any lookup of pip as a sign that this process is pip, and
    removes its distutils, so that nothing could be compiled in it any more.
    """
    return PathFinder.find_spec("pip") is not None


@dataclass(frozen=True)
class _Pip:
    """Installs an archive's requirements file into an environment with pip."""

    environment: Path
    root: Path
    name: str
    commands: Commands

    def install(self, *more: str) -> subprocess.CompletedProcess[str]:
        python = str(self.environment / "bin" / "python")
        own = [sys.executable, "-m", "pip", "--python", python] if _has_pip() else [python, "-m", "pip"]
        options = ["--disable-pip-version-check", "--no-input", "--no-warn-script-location", "--no-compile"]
        command = [*own, "install", *options, "--requirement", self.name, *more]
        temporary = {"TMPDIR": str(self.environment.parent)}  # removed with it, even if pip is killed
        return self.commands.run(command, self.root, {**os.environ, **temporary})


def _run_pip(pip: _Pip, origin: str) -> None:
    """Install with the server's own version of PyTorch; only if that conflicts, with another one, of gigabytes."""
    kept = pip.environment / "server.txt"
    kept.write_text(f"{_PYTORCH}=={version(_PYTORCH).partition('+')[0]}\n")
    done = pip.install("--constraint", str(kept))
    if _NO_AGREEMENT in done.stderr:
        done = pip.install()
    if done.returncode != 0:
        raise PreparationFailed(
            FailureReason.RequirementsNotInstalled,
            f"{pip.name} of {origin} cannot be installed: {_last_line(done.stderr)}",
        )


def _last_line(output: str) -> str:
    lines = [line.strip().removeprefix("ERROR: ") for line in output.splitlines() if line.strip()]
    return (lines[-1] if lines else "pip does not say why").rstrip(".") + "."


def _package_folders(import_path: Sequence[str]) -> list[str]:
    return [place for place in import_path if Path(place).name in ("site-packages", "dist-packages")]


def _key(root: Path, name: str) -> str:
    """Key of an installation: a hash of the Python version, the server's packages and the requirements' files."""
    files = {file.relative_to(root).as_posix(): file for file in root.rglob("*") if file.name.endswith(_READ_BY_PIP)}
    beside = sorted(f"{found.metadata['Name']}=={found.version}" for found in distributions())
    decisive = {
        "requirements": name,
        "files": {path: sha256_of(file) for path, file in sorted(files.items()) if file.is_file()},
        "python": [platform.python_implementation(), sys.version, platform.machine()],
        "beside": beside,
    }
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()


def _move(folder: Path, target: Path) -> None:
    """Move a folder into the cache, unless another process was faster."""
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():
            raise
