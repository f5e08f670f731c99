"""Weights from a file into a model."""

import logging
import os
import pickle
from typing import Any

import torch
from torch import nn

logger = logging.getLogger(__name__)


def load_weights(model: nn.Module, file: str | os.PathLike[str], device: torch.device | str) -> None:
    """Load a state dict, or a saved model's, into a model.

    Safetensors, or what `torch.save` writes. A pickle that holds more than tensors is read too, with a line in the log:
    it may run code, as the archive's handler does anyway.

    Raises:
        RuntimeError: the file is not there, or its weights are not this model's.
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
    """What `torch.save` has written: tensors alone where that suffices, else whatever the archive has pickled."""
    try:
        return torch.load(file, map_location=device, weights_only=True)
    except pickle.UnpicklingError:
        logger.warning("%s holds more than tensors and is read as a pickle, which may run code of the archive", file)
        return torch.load(file, map_location=device, weights_only=False)
