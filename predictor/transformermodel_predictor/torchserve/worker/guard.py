"""Ensures that no worker outlives its server."""

import os
import select
import signal
import socket
import threading
import time

_GRACE_SECONDS = 1.0


def end_with_server(connection: socket.socket) -> None:
    """Kill this process and its children one second after the server is gone, whatever they are doing.

    The thread that reads messages notices the end of the connection only after the handler has returned, if ever.
    """
    threading.Thread(target=_wait, args=(connection.fileno(),), name="server-guard", daemon=True).start()


def _wait(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # POLLHUP is always reported
    poll.poll()
    time.sleep(_GRACE_SECONDS)
    own_group = os.getpgrp()
    if own_group == os.getpid():  # the server starts workers in groups of their own
        os.killpg(own_group, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
