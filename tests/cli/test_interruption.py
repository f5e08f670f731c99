"""Ctrl-C before a command runs ends the process at once, without a word."""

import subprocess
import sys

import pytest

from tests.predictor.gated import PATIENCE_SECONDS

_IN_AN_IMPORT = """\
import builtins, os, signal, sys

signal.signal(signal.SIGINT, signal.{handler})  # whatever the tests' own process was started with
really = builtins.__import__

def interrupted(name, *arguments, **named):
    if name == {module!r}:
        builtins.__import__ = really
        try:
            os.kill(os.getpid(), signal.SIGINT)
            signal.getsignal(signal.SIGINT)  # it is heard between two steps of Python's
        except BaseException:
            if {passed_over}:  # as a library would
                return really(name, *arguments, **named)
            raise
    return really(name, *arguments, **named)

builtins.__import__ = interrupted
sys.argv = ["transformermodel", "--version"]
from transformermodel_cli.entry import run
run()
"""


@pytest.mark.parametrize(
    ("module", "passed_over"),
    [("types", False), ("typer", False), ("typer", True)],
    ids=["before", "in", "passed over"],
)
def test_ctrl_c_in_an_import_ends_the_process_quietly(module: str, passed_over: bool) -> None:
    program = _IN_AN_IMPORT.format(module=module, passed_over=passed_over, handler="default_int_handler")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_what_is_started_to_ignore_it_goes_on() -> None:
    program = _IN_AN_IMPORT.format(module="typer", passed_over=False, handler="SIG_IGN")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("transformermodel ")
