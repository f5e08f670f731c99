"""What a user is told of errors, wherever they come to light."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.predictor.torchserve.reading.archives import packed
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_cli.refusal import refusal_of


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (PreparationFailed(FailureReason.NotFound, "hf://org/name is not there."), 10, "NotFound: hf://org/name"),
        (PermissionError(errno.EACCES, "Permission denied", "a.yaml"), 2, "a.yaml: Permission denied."),
        (ModuleNotFoundError(name="torch"), 2, "torch is not installed"),
    ],
)
def test_it_has_a_line_and_a_status(error: Exception, status: int, said: str) -> None:
    refusal = refusal_of(error)
    assert refusal is not None
    assert refusal.exit_status == status
    assert said in str(refusal)


@pytest.mark.parametrize("error", [KeyError("x"), ModuleNotFoundError(name="typer"), OSError("weights")])
def test_a_fault_of_ours_is_told_nobody_in_a_line(error: Exception) -> None:
    assert refusal_of(error) is None


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
