"""What the machine refuses is told in a line with the remedy; other errors stay what they are."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.predictor.torchserve.reading.archives import packed
from transformermodel_cli.machine import machine_refusal


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "a.yaml"), "a.yaml: Permission denied. Give this user"),
        (OSError(errno.EROFS, "Read-only file system", "/store"), "/store: Read-only file system. Name a place"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files. Raise the limit of open files"),
        (RuntimeError("can't start new thread"), "no further thread can be started. Raise the limit of processes"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no further process can be started. Raise"),
    ],
)
def test_it_is_told_with_the_remedy(error: OSError | RuntimeError, said: str) -> None:
    refusal = machine_refusal(error)
    assert refusal is not None
    assert said in str(refusal)
    assert "\n" not in str(refusal)


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2"), OSError("weights"), FileNotFoundError(errno.ENOENT, "No such file", "x")]
)
def test_an_error_that_says_nothing_about_the_machine_is_a_fault_of_ours(error: OSError | RuntimeError) -> None:
    assert machine_refusal(error) is None


_WITHOUT_THREADS = """\
import sys, threading
from transformermodel_cli.entry import run

def refuse(*_):
    raise RuntimeError("can't start new thread")

threading._start_new_thread = refuse
sys.argv[0] = "transformermodel"
run()
"""
"""As under a limit of processes that is reached, which root does not have."""


def test_a_server_that_may_start_no_thread_says_so(tmp_path: Path) -> None:
    archive = packed(tmp_path, {"handler.py": b"def handle(data, context):\n    return ['x' for _ in data or []]\n"})
    arguments = ["serve", str(archive), "--http-port", "0", "--grpc-port", "0", "--store", str(tmp_path / "store")]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_THREADS, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "error: no further thread can be started. Raise the limit of processes and threads (ulimit -u, or the pids "
        "limit of the container).",
    )
