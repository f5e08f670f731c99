"""How the C library's allocator treats memory that is freed, where it is glibc's."""

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Names of glibc's malloc.h for mallopt(3)."""
_LARGEST_MMAP_THRESHOLD = 32 * 1024 * 1024
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Let the allocator keep what a forward pass frees for the next one.

    By default it gives activations of some megabytes back to the kernel after every operation, and each next operation
    pays for getting them again, page by page: a tenth of a forward pass and more.
    """
    if allocator := _glibc():
        allocator.mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        allocator.mallopt(_M_TRIM_THRESHOLD, _NEVER)


def give_back_freed_memory() -> None:
    """Give back to the kernel what was needed only while a model was loaded."""
    if allocator := _glibc():
        allocator.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
