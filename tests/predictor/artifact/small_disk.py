"""A file system of a given size, for what happens when it is full."""

import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of so many bytes on a folder."""
    if platform.system() != "Linux" or os.geteuid() != 0:
        if os.environ.get("CI") == "true":
            pytest.fail("a full disk needs root and Linux", pytrace=False)
        pytest.skip("a full disk needs root and Linux")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
