"""The available engines, and which of them runs a candidate."""

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
    """Load the weights in a folder into the candidate's engine.

    Args:
        directory: holds the weights.
        candidate: format of the weights, and the engine.
        task: the model's task.
        device: device to run on.
        execution: options of the Pretrained engine; with the others, the weights fix them.

    Raises:
        PreparationFailed: the weights do not fit the task or the engine, or the candidate does not run here.
    """
    if candidate.engine is EngineName.Pretrained:
        return PretrainedEngine.load(directory, task, candidate.precision, device, execution)
    return _LOADERS[candidate.engine](directory, candidate, task, device)


def load_graph(directory: Path, candidate: Candidate, signature: GraphSignature, device: torch.device = CPU) -> Graph:
    """Load the graph in a folder, for callers that do not run it once per batch.

    Raises:
        PreparationFailed: UnsupportedForm, the format has no graph, or the graph is unreadable or does not run here.
    """
    if candidate.engine not in _GRAPH_LOADERS:
        raise unsupported(f"{candidate} cannot be run token by token, so it cannot generate text.")
    return _GRAPH_LOADERS[candidate.engine](directory, signature, device)
