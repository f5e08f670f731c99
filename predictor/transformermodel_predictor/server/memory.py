"""Tunes how glibc's allocator treats freed memory; does nothing with other C libraries."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3), from glibc's malloc.h."""
_USUAL_THRESHOLD = 128 * 1024
_LARGEST_MMAP_THRESHOLD = 32 * 1024 * 1024
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Let the allocator keep the memory that a forward pass frees, for the next one.

    By default glibc returns activations of some megabytes to the kernel after every operation, and page faults to get
    them back take a tenth of a forward pass and more. With this, MKL's own cache of buffers, per thread and size, is
    useless and cannot be freed, so it is turned off unless the user has set its variable. To be called before anything
    computes. Uses the C library's setenv, so that the processes of handlers do not inherit the variable.
    """
    if allocator := _glibc():
        allocator.setenv(b"MKL_DISABLE_FAST_MM", b"1", 0)
        allocator.mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        allocator.mallopt(_M_TRIM_THRESHOLD, _NEVER)


def give_back_freed_memory() -> None:
    """Return free memory to the kernel. Takes some milliseconds, and as much again when the memory is needed next."""
    if allocator := _glibc():
        allocator.malloc_trim(0)


@contextmanager
def giving_back_freed_memory() -> Iterator[None]:
    """Return freed memory to the kernel while a model is loaded; afterwards, keep freed memory again.

    Meanwhile large blocks are mapped one by one, and unmapped when they are freed. On the heap, temporary blocks
    between those that stay, such as converted weights, could not be returned.
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
