"""The model as a TorchScript graph, which PyTorch runs without the model's class."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.compiled import model_file, require_device, signature_in, unsupported
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.graph import Graph, GraphEngine
from transformermodel_predictor.engines.signature import GraphSignature
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.tasks.task import Task

TORCHSCRIPT_FILE = "model.pt"

_jit: Any = torch.jit  # untyped


def load(directory: Path, candidate: Candidate, task: Task[Any, Any], device: torch.device) -> Engine:
    """Load model.pt.

    Raises:
        PreparationFailed: UnsupportedForm, it is not TorchScript, or was made for another device.
        CorruptArtifact: the signature cannot be read.
    """
    signature = signature_in(directory, task)
    return GraphEngine(signature, load_graph(directory, signature, device), device)


def load_graph(directory: Path, signature: GraphSignature, device: torch.device) -> Graph:
    """Load the graph in model.pt.

    Raises:
        PreparationFailed: UnsupportedForm, it is not TorchScript, or was made for another device.
    """
    require_device(signature, device, directory)
    return load_torchscript(model_file(directory, TORCHSCRIPT_FILE), device, signature.outputs)


def load_torchscript(file: Path, device: torch.device, outputs: Sequence[str]) -> Graph:
    """Load a TorchScript file as a graph.

    Args:
        file: written by torch.jit.save.
        device: device to run on.
        outputs: names of the outputs, as some graphs return a dictionary.

    Raises:
        PreparationFailed: UnsupportedForm, PyTorch cannot read it.
    """
    return graph_of(load_module(file, device), outputs)


def load_module(file: Path, device: torch.device) -> Any:  # noqa: ANN401 - torch.jit is untyped
    """Load a TorchScript file as a module, in evaluation mode.

    Raises:
        PreparationFailed: UnsupportedForm, PyTorch cannot read it.
    """
    try:
        with quiet():
            return _jit.load(file, map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise unsupported(f"{file} cannot be loaded as TorchScript ({one_line(error)}).") from error


def graph_of(module: Any, outputs: Sequence[str]) -> Graph:  # noqa: ANN401 - a module, or a function of one
    """A module as a graph, whatever collection it returns its outputs in."""

    def graph(tensors: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        given = module(*tensors)
        if isinstance(given, Mapping):
            return [given[name] for name in outputs]
        return [given] if isinstance(given, torch.Tensor) else list(given)

    return graph
