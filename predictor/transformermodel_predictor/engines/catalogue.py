"""The engines that this version has, and which of them runs a candidate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.preparation.candidate import Candidate, EngineName
from transformermodel_predictor.tasks.task import Task

_LOADERS: dict[EngineName, Callable[[Path, Task[Any, Any]], Engine]] = {
    EngineName.Pretrained: PretrainedEngine.load,
}


def load_engine(directory: Path, candidate: Candidate, task: Task[Any, Any]) -> Engine:
    """Load the weights in a folder into the engine that the candidate names.

    Raises:
        PreparationFailed: the weights are not what the task or the engine needs.
    """
    return _LOADERS[candidate.engine](directory, task)
