import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.predictor.torchserve.handler_archives import FOLLOWS_ORDERS, archive
from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.wire.messages import Batch, Load, Row, RowPart, frame

LOADS = """
import pathlib
import time

pathlib.Path("begun").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.01)

def handle(rows, context):
    return rows
"""


@contextlib.contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """A worker that loads what is in a folder, and the server's end of its connection."""
    load = Load("model", str(folder), "handler.py", None, {}, {}, 1, None, True, True, None, False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, "-P", "-m", "transformermodel_predictor.torchserve.worker", str(theirs.fileno())]
        with subprocess.Popen(
            command,
            cwd=folder,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as worker:
            theirs.close()
            ours.sendall(frame(load))
            yield worker, ours


def wait_for(file: Path, worker: subprocess.Popen[bytes]) -> None:
    while not file.exists():
        assert worker.poll() is None


@pytest.mark.parametrize("busy", ["while True: pass", "import time; time.sleep(1000)", None])
def test_a_worker_whose_server_is_gone_ends_whatever_its_handler_does(tmp_path: Path, busy: str | None) -> None:
    archive(tmp_path, FOLLOWS_ORDERS)
    with started(tmp_path) as (worker, connection):
        assert connection.recv(1000)
        if busy:
            text = f"open('busy', 'w')\n{busy}".encode()
            row = Row(1, "r", {}, (RowPart("order", memoryview(text), "text/plain"),))
            connection.sendall(frame(Batch(CallKind.predict, (row,))))
            wait_for(tmp_path / "busy", worker)
        connection.close()
        assert worker.wait() == (-9 if busy else 0)


@pytest.mark.parametrize("broken", ["", "import nothing_of_this_name"])
def test_a_worker_whose_server_is_gone_before_it_has_loaded_says_no_word_of_that(tmp_path: Path, broken: str) -> None:
    (tmp_path / "handler.py").write_text(LOADS + broken)
    with started(tmp_path) as (worker, connection):
        wait_for(tmp_path / "begun", worker)
        connection.close()
        (tmp_path / "go").touch()
        assert worker.stdout is not None
        said = worker.stdout.read()
    assert b"BrokenPipeError" not in said
    assert broken or said == b""


def test_nor_when_the_server_goes_without_reading_what_it_was_told(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(LOADS)
    with started(tmp_path) as (worker, connection):
        wait_for(tmp_path / "begun", worker)
        (tmp_path / "go").touch()
        assert connection.recv(1, socket.MSG_PEEK)  # closed now, it resets the connection
        connection.close()
        assert worker.stdout is not None
        assert worker.stdout.read() == b""
