"""`serve`: the entry to the server for the command line. Imports nothing heavy before the port is known to be free."""

import importlib
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from transformermodel_predictor.garbage import pass_over_modules, uncollected
from transformermodel_predictor.server.address import in_pod
from transformermodel_predictor.server.listeners import Listeners, listening
from transformermodel_predictor.server.logs import configure_logs
from transformermodel_predictor.server.management.options import ManagementOptions
from transformermodel_predictor.server.memory import keep_freed_memory
from transformermodel_predictor.server.models.options import ModelOptions
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import read_token
from transformermodel_predictor.threads import limit_threads
from transformermodel_predictor.torchserve.reading.served import has_handler

if TYPE_CHECKING:
    from transformermodel_predictor.torchserve.reading.store import StoredModel

__all__ = ["ManagementOptions", "ModelOptions", "ServerOptions", "listening", "preload", "read_token", "serve"]

_log = logging.getLogger(__name__)


def preload(options: ServerOptions, *, natively: bool) -> None:
    """Import what `serve` needs, which takes seconds, so that it can be done while waiting for something else.

    Args:
        options: the server's options.
        natively: whether there is a prepared model, which PyTorch runs in this process. Archives' handlers have
            processes of their own: without prepared models, the server saves seconds and hundreds of MiB.
    """
    threads = limit_threads(options.threads)  # before anything is imported that reads the environment
    with uncollected():
        importlib.import_module("transformermodel_predictor.server.lifecycle")
        if natively:
            from transformermodel_predictor.server.native_loading import limit_torch_threads

            limit_torch_threads(threads)


def serve(
    models: Mapping[str, Path],
    options: ServerOptions,
    stored: "Sequence[StoredModel]" = (),
    listeners: Listeners | None = None,
) -> None:
    """Serve prepared models and archives by their names until SIGTERM or SIGINT.

    Args:
        models: artifacts and archives by the names of their models.
        options: the server's options.
        stored: further archives, of which several may be versions of one model.
        listeners: the sockets, if they are open already.

    Raises:
        UserError: the server cannot listen on the address, the certificate cannot be used, or a model's configuration
            is not supported.
        CorruptArtifact: a model's directory does not match its manifest.
        PreparationFailed: a model's weights do not fit its task.
    """
    options.require_usable()
    if options.is_open and not in_pod(os.environ):
        _log.warning(
            "listening on %s without TLS and without a token: whoever reaches this machine can ask the models. "
            "See --ssl-certfile and --token-file.",
            options.address,
        )
    with listening(options) if listeners is None else nullcontext(listeners) as opened:
        _serve(models, options, stored, opened)


def _serve(
    models: Mapping[str, Path], options: ServerOptions, stored: "Sequence[StoredModel]", listeners: Listeners
) -> None:
    configure_logs(options.access_log)
    keep_freed_memory()
    preload(options, natively=not all(has_handler(path) for path in models.values()))
    from transformermodel_predictor.server.lifecycle import ModelServer

    pass_over_modules()
    ModelServer(models, options, stored=stored).run(listeners)
