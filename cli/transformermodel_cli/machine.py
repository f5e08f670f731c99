"""What this machine refuses to a process, in one line with the remedy."""

import errno

from transformermodel_api.errors import UserError

_REMEDIES = {
    errno.EACCES: "Give this user the right to it.",
    errno.EPERM: "Give this user the right to it.",
    errno.EROFS: "Name a place that can be written.",
    errno.ENOSPC: "Free space there.",
    errno.EDQUOT: "Free space there, or have the quota raised.",
    errno.ENAMETOOLONG: "Use a shorter name.",
    errno.ELOOP: "Its links lead in a circle.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n).",
    errno.ENFILE: "Raise the machine's limit of open files (fs.file-max).",
    errno.EIO: "Look at its disk.",
}
_NO_THREAD = "can't start new thread"
_MORE_PROCESSES = "Raise the limit of processes and threads (ulimit -u, or the pids limit of the container)."


def machine_refusal(error: OSError | RuntimeError) -> UserError | None:
    """The error as a user is told it; None for one that says nothing about the machine, which is a fault of ours."""
    if isinstance(error, RuntimeError):
        return UserError(f"no further thread can be started. {_MORE_PROCESSES}") if _NO_THREAD in str(error) else None
    if isinstance(error, BlockingIOError) and error.filename is None:  # EAGAIN of fork(2)
        return UserError(f"no further process can be started. {_MORE_PROCESSES}")
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy is None or (error.filename is None and error.errno in (errno.EACCES, errno.EPERM)):
        return None
    place = "a file or a standard stream" if error.filename is None else error.filename
    return UserError(f"{place}: {error.strerror}. {remedy}")
