"""`python -P -m transformermodel_predictor.torchserve.worker DESCRIPTOR`: a worker, which its server starts."""

import logging
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from transformermodel_predictor.torchserve.older_transformers.installing import install as serve_older_transformers
from transformermodel_predictor.torchserve.wire.messages import Load, Loaded, NotLoaded
from transformermodel_predictor.torchserve.worker.channel import Channel
from transformermodel_predictor.torchserve.worker.failure import NotLoadable
from transformermodel_predictor.torchserve.worker.guard import end_with_server
from transformermodel_predictor.torchserve.worker.import_path import install_import_path

if TYPE_CHECKING:
    from io import TextIOWrapper


def main(descriptor: int) -> int:
    """Load a handler and answer batches until the server closes the connection; return the exit status."""
    os.set_inheritable(descriptor, False)
    connection = socket.socket(fileno=descriptor)
    end_with_server(connection)
    channel = Channel(connection)
    _configure_output()
    load = channel.receive()
    if not isinstance(load, Load):
        return 1
    install_import_path(Path(load.directory), None if load.packages is None else Path(load.packages))
    serve_older_transformers(Path(load.directory))
    from transformermodel_predictor.torchserve.worker.loading import (
        load_service,  # imports `ts`, which is on the import path only now
    )

    try:
        service = load_service(load, channel)
    except NotLoadable as error:
        logging.getLogger(__name__).exception("the handler cannot be loaded", exc_info=error.__cause__)
        channel.send(NotLoaded(str(error), error.status))
        return 1
    channel.send(Loaded())
    service.run()
    return 0


def _configure_output() -> None:
    """Flush the handler's output line by line, so that the server can log each line at once."""
    for stream in (sys.stdout, sys.stderr):
        cast("TextIOWrapper", stream).reconfigure(line_buffering=True, errors="backslashreplace")
    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
