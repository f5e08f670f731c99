"""How the C library's allocator treats memory that is freed, where it is glibc's."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Names of glibc's malloc.h for mallopt(3)."""
_USUAL_THRESHOLD = 128 * 1024
_LARGEST_MMAP_THRESHOLD = 32 * 1024 * 1024
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Let the allocator keep what a forward pass frees for the next one.

    By default it gives activations of some megabytes back to the kernel after every operation, and each next operation
    pays for getting them again, page by page: a tenth of a forward pass and more. So MKL need not keep buffers of its
    own, for each thread and size, that nobody can take back: it is to get them here, unless the user says otherwise.
    Called before anything computes; handlers' workers are not told, because their allocator stays as it is.
    """
    if allocator := _glibc():
        allocator.setenv(b"MKL_DISABLE_FAST_MM", b"1", 0)
        allocator.mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        allocator.mallopt(_M_TRIM_THRESHOLD, _NEVER)


def give_back_freed_memory() -> None:
    """Give back to the kernel what is free at present: some milliseconds, and as much again for who needs it next."""
    if allocator := _glibc():
        allocator.malloc_trim(0)


@contextmanager
def giving_back_freed_memory() -> Iterator[None]:
    """While a model is loaded: give back to the kernel what is needed only meanwhile; afterwards, keep what is freed.

    Large blocks are mapped one by one, each to be given back when it is freed. In the allocator's heap the blocks that
    stay, such as converted weights, would lie between those that go, and keep their pages.
    """
    allocator = _glibc()
    if allocator is None:
        yield
        return
    allocator.mallopt(_M_MMAP_THRESHOLD, _USUAL_THRESHOLD)
    allocator.mallopt(_M_TRIM_THRESHOLD, _USUAL_THRESHOLD)
    try:
        yield
    finally:
        give_back_freed_memory()
        keep_freed_memory()


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
