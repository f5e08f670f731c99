"""The model as compiled by AWS Neuron, for Inferentia (torch_neuron) or Trainium and Inferentia 2 (torch_neuronx).

Not verified on hardware, only against stand-ins for the two libraries.
"""

import importlib
from pathlib import Path
from typing import Any

import torch

from transformermodel_api.preparation import Format
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.compiled import model_file, signature_in, unsupported
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.graph import CPU, GraphEngine
from transformermodel_predictor.engines.torchscript import TORCHSCRIPT_FILE, load_torchscript
from transformermodel_predictor.tasks.task import Task

_LIBRARIES = {Format.Neuron: "torch_neuron", Format.NeuronX: "torch_neuronx"}


def load(directory: Path, candidate: Candidate, task: Task[Any, Any], device: torch.device) -> Engine:
    """Load the TorchScript that Neuron's compiler wrote; importing the library registers its operator with PyTorch.

    Raises:
        PreparationFailed: UnsupportedForm, the library is not installed, or did not write the file.
        CorruptArtifact: the signature cannot be read.
    """
    neuron_library(candidate.format)
    signature = signature_in(directory, task)
    graph = load_torchscript(model_file(directory, TORCHSCRIPT_FILE), CPU, signature.outputs)
    return GraphEngine(signature, graph)


def neuron_library(format_: Format) -> Any:  # noqa: ANN401 - a module that is not installed where types are checked
    """Import the library that compiles and runs a format for Neuron.

    Raises:
        PreparationFailed: UnsupportedForm, the library is not installed.
    """
    reason = neuron_refusal(format_)
    if reason is not None:
        raise unsupported(f"{reason}.")
    return importlib.import_module(_LIBRARIES[format_])


def neuron_refusal(format_: Format) -> str | None:
    """Why a format for Neuron is not available here; None if it is."""
    name = _LIBRARIES[format_]
    try:
        importlib.import_module(name)
    except ImportError:
        return (
            f"the form {format_.value} needs the package {name}, which is not installed here: use an AWS Neuron image"
        )
    return None
