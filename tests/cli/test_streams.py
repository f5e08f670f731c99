"""Standard streams that are closed, full or read by nobody: the exit status says what came of the command."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "transformermodel"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it needs a shell")


def in_shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("--version >&-", 0),
        ("--version 2>&-", 0),
        ("validate no-such-file 2>&-", 2),
        ("validate no-such-file >&- 2>&-", 2),
    ],
)
def test_closed_streams_change_no_exit_status(arguments: str, status: int) -> None:
    assert in_shell(f"{PROGRAM} {arguments}").returncode == status


def test_a_file_never_takes_the_number_of_a_closed_stream() -> None:
    program = (
        "import os; from transformermodel_cli.streams import open_closed_streams; "
        "open_closed_streams(); opened = os.open('/dev/zero', os.O_RDONLY); os.write(2, b'lost'); os._exit(opened)"
    )
    done = in_shell(f'{sys.executable} -c "{program}" <&- >&- 2>&-')
    assert done.returncode > 2


def test_nobody_reads_on() -> None:
    done = in_shell(f"{PROGRAM} crds | true; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (141, "")
    shown = in_shell(f"set -o pipefail; {PROGRAM} --version | head -1")
    assert (shown.returncode, shown.stdout) == (0, f"transformermodel {version('transformermodel')}\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
def test_a_full_stream_is_told_in_a_line() -> None:
    done = in_shell(f"{PROGRAM} crds > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "error: a file or a standard stream: No space left on device. Free space there.\n"
