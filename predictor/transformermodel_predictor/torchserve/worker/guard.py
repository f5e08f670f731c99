"""What makes sure that no worker outlives its server."""

import os
import select
import signal
import socket
import threading
import time

_GRACE_SECONDS = 1.0


def end_with_server(connection: socket.socket) -> None:
    """End this process, and those that it has started, some seconds after the server is gone, whatever they do.

    The thread that reads messages notices by itself, but not while the handler works, perhaps for ever.
    """
    threading.Thread(target=_wait, args=(connection.fileno(),), name="server-guard", daemon=True).start()


def _wait(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # the connection's end is told without asking
    poll.poll()
    time.sleep(_GRACE_SECONDS)
    own_group = os.getpgrp()
    if own_group == os.getpid():  # which the server has seen to
        os.killpg(own_group, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
