"""Making a twin: of the weights in an artifact, or of a model that serves."""

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
    """A twin of the weights in an artifact's folder, in float32 whatever the precision that serves.

    Its passes pause between layers where something is given that does so.

    Raises:
        PreparationFailed: as the Pretrained engine.
        NotDifferentiable: the model has no embeddings of tokens.
    """
    model = load_for_task(directory, task, trust_remote_code=trust_remote_code)
    torch.nn.Module.to(model, device)  # transformers' own `to` has no types
    return twin_of(model, packed=task.name is not TaskName.TextGeneration, pause=pause)


def twin_of(model: PreTrainedModel, *, packed: bool = True, pause: Pause | None = None) -> Twin:
    """A twin that shares a model's weights, and nothing else.

    Args:
        model: in evaluation mode, in float32, with its plain weights; it may serve meanwhile, and is not changed.
        packed: whether to run on packed rows where the architecture can, which is proven first. Decoders cannot.
        pause: called between layers, forward and back, in the thread that runs the twin; or while its cores halt there.

    Raises:
        NotDifferentiable: the model has no embeddings of tokens.
    """
    if packed and hasattr(model.config, "vocab_size"):  # of random tokens is what packing is proven on
        try:
            pooling = pack(sharing_weights(model)).pooling
            return _packed_twin(model, pooling, pause)
        except NotPackable:
            pass  # the other way is open to every architecture
    return PlainTwin(_copy(model, pause))


def _packed_twin(model: PreTrainedModel, pooling: Pooling, pause: Pause | None) -> Twin:
    """A twin that runs packed rows as was proven: one for each core, or a single one where there is but one."""

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
    """A copy with modules and hooks of its own, whose parameters are views of the model's: no weight is copied.

    Gradients can be switched off for the views without touching the model's parameters.
    """
    views: dict[int, Any] = {}
    for parameter in model.parameters():
        views[id(parameter)] = torch.nn.Parameter(parameter.detach(), requires_grad=False)
    for buffer in model.buffers():
        views[id(buffer)] = buffer.detach()
    return copy.deepcopy(model, views)
