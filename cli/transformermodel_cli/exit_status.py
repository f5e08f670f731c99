"""Exit statuses of a process ended by a signal, by the shells' convention: 128 plus the signal's number."""

TERMINATED = 143
"""After SIGTERM."""

INTERRUPTED = 130
"""After Ctrl-C (SIGINT)."""

UNREAD = 141
"""After a write to a closed pipe (SIGPIPE), such as to `head`."""
