"""Makes twins: from the weights in an artifact, or from a model in memory."""

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from transformermodel_api.spec import TaskName
from transformermodel_predictor.engines.cores import process_cores
from transformermodel_predictor.engines.packed.model import NotPackable, PackedModel, Pooling
from transformermodel_predictor.engines.packed.parity import pack
from transformermodel_predictor.engines.pretrained import CPU, load_for_task
from transformermodel_predictor.explanations.core_twins import CoreTwins
from transformermodel_predictor.explanations.packed_twin import PackedTwin
from transformermodel_predictor.explanations.pauses import Pause, pause_between_layers
from transformermodel_predictor.explanations.plain_twin import PlainTwin
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.tasks.task import Task


def load_twin(
    directory: Path,
    task: Task[Any, Any],
    device: torch.device = CPU,
    *,
    trust_remote_code: bool = False,
    pause: Pause | None = None,
) -> Twin:
    """Load a twin from an artifact's folder, in float32 whatever precision serves.

    Args:
        directory: with config.json and weights.
        task: the model's.
        device: where the twin runs.
        trust_remote_code: whether Python code in the folder may run.
        pause: see `twin_of`.

    Raises:
        PreparationFailed: as for the Pretrained engine.
        NotDifferentiable: the model has no token embeddings.
    """
    model = load_for_task(directory, task, trust_remote_code=trust_remote_code)
    torch.nn.Module.to(model, device)  # transformers' own `to` has no types
    return twin_of(model, packed=task.name is not TaskName.TextGeneration, pause=pause)


def twin_of(model: PreTrainedModel, *, packed: bool = True, pause: Pause | None = None) -> Twin:
    """Make a twin that shares a model's weights and nothing else.

    Args:
        model: in evaluation mode, in float32, with unmodified weights; it may serve meanwhile, and is not changed.
        packed: whether to pack rows if the architecture proves to support it. Decoders do not.
        pause: called between layers, forward and backward, in the thread that runs the twin; with a twin per core,
            while the cores wait between layers.

    Raises:
        NotDifferentiable: the model has no token embeddings.
    """
    if packed and hasattr(model.config, "vocab_size"):  # packing is proven on random tokens
        try:
            pooling = pack(sharing_weights(model)).pooling
            return _packed_twin(model, pooling, pause)
        except NotPackable:
            pass  # every architecture can run unpacked
    return PlainTwin(_copy(model, pause))


def _packed_twin(model: PreTrainedModel, pooling: Pooling, pause: Pause | None) -> Twin:
    """A twin for packed rows, which has been proven to work: one per core, or a single one without several cores."""

    def make(pause: Pause | None) -> PackedTwin:
        return PackedTwin(PackedModel(_copy(model, pause), pooling))

    cores = process_cores("explanations") if model.device.type == "cpu" else None
    return make(pause) if cores is None else CoreTwins(cores, make, pause)


def _copy(model: PreTrainedModel, pause: Pause | None) -> PreTrainedModel:
    copied = sharing_weights(model)
    if pause is not None:
        pause_between_layers(copied, pause)
    return copied


def sharing_weights(model: PreTrainedModel) -> PreTrainedModel:
    """A copy with its own modules and hooks, whose parameters are views of the model's: no weight is copied.

    `requires_grad` of the views can be changed without touching the model's parameters.
    """
    views: dict[int, Any] = {}
    for parameter in model.parameters():
        views[id(parameter)] = torch.nn.Parameter(parameter.detach(), requires_grad=False)
    for buffer in model.buffers():
        views[id(buffer)] = buffer.detach()
    return copy.deepcopy(model, views)
