import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.predictor.torchserve.handler_archives import FOLLOWS_ORDERS, archive
from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.wire.messages import Batch, Load, Row, RowPart, frame


@pytest.mark.parametrize("busy", ["while True: pass", "import time; time.sleep(1000)", None])
def test_a_worker_whose_server_is_gone_ends_whatever_its_handler_does(tmp_path: Path, busy: str | None) -> None:
    archive(tmp_path, FOLLOWS_ORDERS)
    load = Load("model", str(tmp_path), "handler.py", None, {}, {}, 1, None, True, True, None, False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, "-P", "-m", "transformermodel_predictor.torchserve.worker", str(theirs.fileno())]
        worker = subprocess.Popen(command, cwd=tmp_path, pass_fds=(theirs.fileno(),), start_new_session=True)
        theirs.close()
        ours.sendall(frame(load))
        assert ours.recv(1000)
        if busy:
            text = f"open('busy', 'w')\n{busy}".encode()
            row = Row(1, "r", {}, (RowPart("order", memoryview(text), "text/plain"),))
            ours.sendall(frame(Batch(CallKind.predict, (row,))))
            while not (tmp_path / "busy").exists():
                assert worker.poll() is None
    assert worker.wait() == (-9 if busy else 0)
