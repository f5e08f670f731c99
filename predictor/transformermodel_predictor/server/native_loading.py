"""Loads a prepared model into the server's own process.

Only this module of the server imports PyTorch and transformers, which takes seconds and hundreds of MiB. It is imported
only if there is a prepared model: archives' handlers have processes of their own.
"""

from pathlib import Path

import torch

from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.engines.device import choose_devices
from transformermodel_predictor.handler import Handler
from transformermodel_predictor.handlers import make_handler
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.server.memory import giving_back_freed_memory
from transformermodel_predictor.server.models.options import ModelOptions
from transformermodel_predictor.telemetry.observer import Observer
from transformermodel_predictor.workers import Workers


def limit_torch_threads(threads: int) -> None:
    """Set PyTorch's number of threads, whatever its libraries have taken from the environment."""
    torch.set_num_threads(threads)


def load_handler(
    name: str, directory: Path, workers: Workers, observer: Observer, options: ModelOptions | None = None
) -> Handler:
    """Verify and load an artifact, and run a probe, so that no client waits for the slow first forward pass."""
    options = options or ModelOptions()
    with giving_back_freed_memory():
        model = load_model(open_artifact(directory), choose_devices(options.device))
        model.warm_up()
    return make_handler(name, model, workers, observer, options.batching, options.explanations)
