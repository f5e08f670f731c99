"""The engines that this version has, and which of them runs a candidate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.packed.engine import PackedEngine
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.preparation.candidate import Candidate, EngineName
from transformermodel_predictor.tasks.task import Task

CPU = torch.device("cpu")

Loader = Callable[[Path, Candidate, Task[Any, Any], torch.device], Engine]


def _pretrained(directory: Path, candidate: Candidate, task: Task[Any, Any], device: torch.device) -> Engine:
    return PretrainedEngine.load(directory, task)


def _packed(directory: Path, candidate: Candidate, task: Task[Any, Any], device: torch.device) -> Engine:
    return PackedEngine.load(directory, task, candidate.precision, device)


_LOADERS: dict[EngineName, Loader] = {
    EngineName.Pretrained: _pretrained,
    EngineName.Packed: _packed,
}


def load_engine(directory: Path, candidate: Candidate, task: Task[Any, Any], device: torch.device = CPU) -> Engine:
    """Load the weights in a folder into the engine that the candidate names, on a device.

    Raises:
        PreparationFailed: the weights are not what the task or the engine needs, or the candidate does not run here.
    """
    return _LOADERS[candidate.engine](directory, candidate, task, device)
