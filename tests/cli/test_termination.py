"""SIGTERM that comes while a server starts ends it, also where a library passes over the exception."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.predictor.torchserve.reading.archives import packed
from transformermodel_cli.termination import Termination

_PASSED_OVER = """\
import sys
from transformermodel_cli.entry import run
from transformermodel_cli.termination import TERMINATION

try:
    TERMINATION.leave(15, None)
except SystemExit:
    pass  # as a library would
sys.argv[0] = "transformermodel"
run()
"""


def test_it_ends_the_process_and_is_remembered() -> None:
    termination = Termination()
    assert not termination.told
    with pytest.raises(SystemExit, match="143"):
        termination.leave(signal.SIGTERM, None)
    assert termination.told


def test_a_server_that_was_told_before_it_listened_ends_in_place_of_announcing_itself(tmp_path: Path) -> None:
    archive = packed(tmp_path, {"handler.py": b"def handle(data, context):\n    return ['x' for _ in data or []]\n"})
    arguments = ["serve", str(archive), "--http-port", "0", "--grpc-port", "0", "--store", str(tmp_path / "store")]
    done = subprocess.run(
        [sys.executable, "-c", _PASSED_OVER, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Serving on" not in done.stderr


_WHILE_THE_LOOP_IS_MADE = """\
import os, signal, sys
import uvloop
from transformermodel_cli.entry import run

make = uvloop.new_event_loop

def told():
    loop = make()
    os.kill(os.getpid(), signal.{name})
    return loop

uvloop.new_event_loop = told
sys.argv[0] = "transformermodel"
run()
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_while_the_event_loop_is_made_waits_until_the_server_hears_it(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path, {"handler.py": b"def handle(data, context):\n    return ['x' for _ in data or []]\n"})
    arguments = ["serve", str(archive), "--http-port", "0", "--grpc-port", "0", "--store", str(tmp_path / "store")]
    program = [sys.executable, "-c", _WHILE_THE_LOOP_IS_MADE.format(name=name), *arguments]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Serving on" not in done.stderr
