"""The end of a command's process is seen in processes of their own."""

import os
import subprocess
import sys

from tests.predictor.gated import PATIENCE_SECONDS

_BUSY = """
import atexit, threading
from transformermodel_cli.process_end import end_process

atexit.register(print, "registered")
threading.Thread(target=threading.Event().wait).start()  # Python would wait for it for good
print("said", end=" ")
end_process(3)
"""
_UNREAD = """
import sys
from transformermodel_cli.process_end import end_process

sys.stdin.read()  # until nobody reads what is said any more
print("said")
end_process(0)
"""


def test_no_thread_is_waited_for_and_nothing_that_was_said_is_lost() -> None:
    done = subprocess.run([sys.executable, "-c", _BUSY], capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert (done.returncode, done.stdout, done.stderr) == (3, "said registered\n", "")


def test_what_could_not_be_said_is_a_failure_without_a_traceback() -> None:
    command, piped = [sys.executable, "-c", _UNREAD], subprocess.PIPE
    buffering = {**os.environ, "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(command, stdin=piped, stdout=piped, stderr=piped, env=buffering) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read().decode() == ""
        assert process.wait(PATIENCE_SECONDS) == 141
