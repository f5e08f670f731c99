"""A package whose installation never ends, unless somebody ends it."""

from pathlib import Path

NEVER_BUILT = """
import os, pathlib, time
folder = pathlib.Path(__file__).parent
(folder / "writing").write_text(str(os.getpid()))
(folder / "writing").rename(folder / "begun")
while True:
    time.sleep(0.01)
"""


def never_built(folder: Path) -> Path:
    """A package that pip builds for ever."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(NEVER_BUILT)
    return folder


def runs(pid: str) -> bool:
    """Whether a process runs; one that has ended may wait for somebody to look."""
    try:
        state = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
