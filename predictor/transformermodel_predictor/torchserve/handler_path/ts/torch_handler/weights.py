"""Loads weights from a file into a model."""

import logging
import os
import pickle
from typing import Any

import torch
from torch import nn

logger = logging.getLogger(__name__)


def load_weights(model: nn.Module, file: str | os.PathLike[str], device: torch.device | str) -> None:
    """Load a state dict, or that of a saved model, into a model.

    Reads safetensors and files written by `torch.save`. Pickles that hold more than tensors are read too, and logged:
    they may run code, but so does the archive's handler.

    Raises:
        RuntimeError: the file is missing, or its weights do not fit this model.
    """
    if not os.path.isfile(file):
        raise RuntimeError(f"{file} is missing: the archive needs the file that its manifest names as serializedFile")
    if os.fspath(file).endswith(".safetensors"):
        from safetensors.torch import load_model

        load_model(model, os.fspath(file))
    else:
        saved = read_pickle(file, device)
        model.load_state_dict(saved.state_dict() if isinstance(saved, nn.Module) else saved)


def read_pickle(file: str | os.PathLike[str], device: torch.device | str) -> Any:
    """Read a file written by `torch.save`: only tensors if that suffices, else arbitrary pickles of the archive."""
    try:
        return torch.load(file, map_location=device, weights_only=True)
    except pickle.UnpicklingError:
        logger.warning("%s holds more than tensors and is read as a pickle, which may run code of the archive", file)
        return torch.load(file, map_location=device, weights_only=False)
