"""Exit statuses of a process that a signal ends, as shells have them: 128 and the signal's number."""

TERMINATED = 143
"""After SIGTERM."""

INTERRUPTED = 130
"""After Ctrl-C (SIGINT)."""

UNREAD = 141
"""After a write that nobody reads any more (SIGPIPE), as of a pipe to `head`."""
