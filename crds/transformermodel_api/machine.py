"""Messages for errors of the operating system: no space, no permission, no further thread. Pure."""

import errno

_REMEDIES = {
    errno.EACCES: "Give this user the right to it.",
    errno.EPERM: "Give this user the right to it.",
    errno.EROFS: "Name a place that can be written.",
    errno.ENOSPC: "Free space there.",
    errno.EDQUOT: "Free space there, or have the quota raised.",
    errno.ENAMETOOLONG: "Use a shorter name.",
    errno.ELOOP: "Its links lead in a circle.",
    errno.EIO: "Look at its disk.",
}
_OPEN_FILES = {
    errno.EMFILE: "Raise the limit of open files (ulimit -n).",
    errno.ENFILE: "Raise the machine's limit of open files (fs.file-max).",
}
_NO_THREAD = "can't start new thread"
_MORE_PROCESSES = "Raise the limit of processes and threads (ulimit -u, or the pids limit of the container)."


def machine_refusal(error: Exception) -> str | None:
    """One line with the remedy for an error that the machine caused; None for any other, which is a bug of ours."""
    if (exhausted := exhaustion(error)) is not None:
        return exhausted
    if not isinstance(error, OSError):
        return None
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy is None or (error.filename is None and error.errno in (errno.EACCES, errno.EPERM)):
        return None
    return _told(error, remedy)


def exhaustion(error: Exception) -> str | None:
    """One line with the remedy for a limit on threads, processes or open files; None for any other error."""
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return f"no further thread can be started. {_MORE_PROCESSES}"
    if isinstance(error, BlockingIOError) and error.filename is None:  # EAGAIN of fork(2)
        return f"no further process can be started. {_MORE_PROCESSES}"
    if isinstance(error, OSError) and error.errno in _OPEN_FILES:
        return _told(error, _OPEN_FILES[error.errno])
    return None


def _told(error: OSError, remedy: str) -> str:
    place = "a file or a standard stream" if error.filename is None else error.filename
    return f"{place}: {error.strerror}. {remedy}"
