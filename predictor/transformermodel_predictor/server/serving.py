"""`serve`: the entry to the server for the command line. Imports nothing heavy before the port is known to be free."""

import logging
from collections.abc import Mapping
from pathlib import Path

from transformermodel_predictor.server.address import listen
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.threads import limit_threads

__all__ = ["ServerOptions", "serve"]


def serve(models: Mapping[str, Path], options: ServerOptions) -> None:
    """Serve prepared models by their names until SIGTERM or SIGINT.

    Raises:
        UserError: the address cannot be listened on, or a model's configuration is not known here.
        CorruptArtifact: a model's directory is not what its manifest says.
        PreparationFailed: a model's weights do not fit its task.
    """
    listener = listen(options.address, options.http_port)
    _configure_access_log(options.access_log)
    limit_threads(options.threads)
    from transformermodel_predictor.server.lifecycle import ModelServer  # imports PyTorch, once its threads are limited

    ModelServer(models, options).run(listener)


def _configure_access_log(wanted: bool) -> None:
    access = logging.getLogger("transformermodel.access")
    access.setLevel(logging.INFO if wanted else logging.WARNING)
    if wanted and not access.hasHandlers():
        access.addHandler(logging.StreamHandler())
