"""What the allocator does is seen in a process of its own, because it cannot be undone."""

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has another allocator")

_PROGRAM = """
import ctypes, resource
from transformermodel_predictor.server.memory import (
    give_back_freed_memory, giving_back_freed_memory, keep_freed_memory
)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.prctl(41, 1, 0, 0, 0)  # PR_SET_THP_DISABLE: where the system makes huge pages by itself, few pages are counted
SIZE = 16 * 1024 * 1024

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = libc.malloc(SIZE)
    ctypes.memset(block, 1, SIZE)
    libc.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
with giving_back_freed_memory():
    loading = faults(), faults()
serving = faults(), faults()
give_back_freed_memory()
rested = faults(), faults()
with giving_back_freed_memory():
    pass
print(min(loading) > 1000, serving[0] > 1000, serving[1] < 100, faults() > 1000)
print(rested[0] > 1000, rested[1] < 100)
"""


def test_freed_memory_is_kept_but_while_a_model_is_loaded_or_nothing_is_to_be_done() -> None:
    said = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True"] * 6


_MKL = """
import ctypes, os
from transformermodel_predictor.server.memory import keep_freed_memory
keep_freed_memory()
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
print(libc.getenv(b"MKL_DISABLE_FAST_MM").decode(), os.environ.get("MKL_DISABLE_FAST_MM"))
"""


@pytest.mark.parametrize(("users", "said"), [(None, "1 None"), ("0", "0 0")], ids=["by itself", "as the user says"])
def test_mkl_keeps_no_buffers_in_this_process_alone(users: str | None, said: str) -> None:
    """Python's own environment, which handlers' workers get, is not changed."""
    others = {name: value for name, value in os.environ.items() if name != "MKL_DISABLE_FAST_MM"}
    environment = others if users is None else {**others, "MKL_DISABLE_FAST_MM": users}
    told = subprocess.run([sys.executable, "-c", _MKL], capture_output=True, text=True, check=True, env=environment)
    assert told.stdout.strip() == said
