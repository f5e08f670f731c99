"""Turns the error of a port that cannot be listened on into a message for the user."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from transformermodel_api.errors import UserError
from transformermodel_operator.settings import PREFIX

_OF_THE_ADDRESS = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES})


@contextmanager
def listening(host: str, port: int, name: str) -> Iterator[None]:
    """Listen on an address inside the block.

    Args:
        host: the address.
        port: its port.
        name: the setting of the port, such as METRICS_PORT.

    Raises:
        UserError: the address is in use, or not available to the process; the message names the environment variable.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _OF_THE_ADDRESS:
            raise
        raise UserError(
            f"the operator cannot listen on {host}:{port} ({errno.errorcode[error.errno]}): set {PREFIX}{name} to "
            "another port"
        ) from error
