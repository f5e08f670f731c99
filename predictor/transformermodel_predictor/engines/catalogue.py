"""The engines that this version has, and which of them runs a candidate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines import exported, neuron, onnx, torchscript
from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.execution import Execution
from transformermodel_predictor.engines.graph import Graph
from transformermodel_predictor.engines.packed.engine import PackedEngine
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.engines.signature import GraphSignature
from transformermodel_predictor.tasks.task import Task

CPU = torch.device("cpu")

Loader = Callable[[Path, Candidate, Task[Any, Any], torch.device], Engine]


def _packed(directory: Path, candidate: Candidate, task: Task[Any, Any], device: torch.device) -> Engine:
    return PackedEngine.load(directory, task, candidate.precision, device)


_LOADERS: dict[EngineName, Loader] = {
    EngineName.Packed: _packed,
    EngineName.TorchScript: torchscript.load,
    EngineName.Exported: exported.load,
    EngineName.ONNX: onnx.load,
    EngineName.Neuron: neuron.load,
}

GraphLoader = Callable[[Path, GraphSignature, torch.device], Graph]

_GRAPH_LOADERS: dict[EngineName, GraphLoader] = {
    EngineName.TorchScript: torchscript.load_graph,
    EngineName.Exported: exported.load_graph,
    EngineName.ONNX: onnx.load_graph,
}


def load_engine(
    directory: Path,
    candidate: Candidate,
    task: Task[Any, Any],
    device: torch.device = CPU,
    execution: Execution = Execution(),  # noqa: B008 - immutable
) -> Engine:
    """Load the weights in a folder into the engine that the candidate names, on a device.

    Args:
        directory: the weights.
        candidate: their form, and what runs them.
        task: what the model does.
        device: where it runs.
        execution: what the Pretrained engine leaves open; the others have it in their weights.

    Raises:
        PreparationFailed: the weights are not what the task or the engine needs, or the candidate does not run here.
    """
    if candidate.engine is EngineName.Pretrained:
        return PretrainedEngine.load(directory, task, candidate.precision, device, execution)
    return _LOADERS[candidate.engine](directory, candidate, task, device)


def load_graph(directory: Path, candidate: Candidate, signature: GraphSignature, device: torch.device = CPU) -> Graph:
    """The graph in a folder, for whoever does not call it once for each batch.

    Raises:
        PreparationFailed: UnsupportedForm, the form has none, or it cannot be read, or does not run here.
    """
    if candidate.engine not in _GRAPH_LOADERS:
        raise unsupported(f"{candidate} cannot be run token by token, so it cannot generate text.")
    return _GRAPH_LOADERS[candidate.engine](directory, signature, device)
