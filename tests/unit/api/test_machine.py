"""What the machine refuses is told in a line with the remedy; other errors stay what they are."""

import errno

import pytest

from transformermodel_api.machine import exhaustion, machine_refusal

NO_THREAD = RuntimeError("can't start new thread")
NO_PROCESS = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
NO_FILE = OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "a.yaml"), "a.yaml: Permission denied. Give this user"),
        (OSError(errno.EROFS, "Read-only file system", "/store"), "/store: Read-only file system. Name a place"),
        (NO_FILE, "Too many open files. Raise the limit of open files"),
        (NO_THREAD, "no further thread can be started. Raise the limit of processes"),
        (NO_PROCESS, "no further process can be started. Raise the limit of processes"),
    ],
)
def test_it_is_told_with_the_remedy(error: Exception, said: str) -> None:
    refusal = machine_refusal(error)
    assert refusal is not None
    assert said in refusal
    assert "\n" not in refusal


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2"),
        OSError("weights"),
        FileNotFoundError(errno.ENOENT, "No such file", "x"),
        KeyError(),
    ],
)
def test_an_error_that_says_nothing_about_the_machine_is_a_fault_of_ours(error: Exception) -> None:
    assert machine_refusal(error) is None


@pytest.mark.parametrize("error", [NO_THREAD, NO_PROCESS, NO_FILE])
def test_what_there_is_no_more_of_is_told_apart_from_what_is_not_allowed(error: Exception) -> None:
    assert exhaustion(error) == machine_refusal(error)
    assert exhaustion(PermissionError(errno.EACCES, "Permission denied", "a.yaml")) is None
