"""Loads a checkpoint's weights into the model of a task, in float32.

A head missing in the checkpoint may come with the adapter, so missing weights are only marked here, with NaN, and
required after the merge.
"""

from collections.abc import Iterable, Sequence

import torch
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checkpoints.checkpoint import Checkpoint
from transformermodel_predictor.checkpoints.gguf import load_gguf
from transformermodel_predictor.checkpoints.torch_file import read_state_dict
from transformermodel_predictor.pretrained import (
    Pretrained,
    listed,
    load_pretrained,
    load_state,
    model_type_of,
    one_line,
)
from transformermodel_predictor.resources import resources_classified
from transformermodel_predictor.sources.selection import WeightsKind


def load_weights(checkpoint: Checkpoint, auto_class: str, labels: Sequence[str]) -> Pretrained:
    """Load a checkpoint into the model of a task, with one class per label, if any; missing weights are NaN.

    Raises:
        PreparationFailed: UnsupportedSource, the configuration describes a model that cannot be built, or a file is
            damaged; RemoteCodeForbidden, a file is more than weights.
    """
    configuration = checkpoint.configuration
    if labels:
        configuration.id2label = dict(enumerate(labels))
        configuration.label2id = {label: index for index, label in enumerate(labels)}
    try:
        with resources_classified():
            loaded = _load(checkpoint, auto_class)
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{checkpoint.origin} cannot be loaded ({one_line(error)})."
        ) from error
    _mark(loaded.model, loaded.absent)
    return loaded


def _load(checkpoint: Checkpoint, auto_class: str) -> Pretrained:
    match checkpoint.weights.kind:
        case WeightsKind.Safetensors:
            return load_pretrained(
                checkpoint.folder, auto_class, checkpoint.configuration, trust_remote_code=checkpoint.trusted
            )
        case WeightsKind.GGUF:
            return load_gguf(checkpoint.weight_files[0], auto_class, checkpoint.configuration)
        case WeightsKind.Torch:
            model_type = model_type_of(checkpoint.configuration, auto_class)
            state = read_state_dict(checkpoint.weight_files, checkpoint.origin, trusted=checkpoint.trusted)
            return load_state(model_type, checkpoint.configuration, state)


def require_all_weights(loaded: Pretrained, origin: str) -> None:
    """Refuse a model that still lacks weights after the adapter, if any, was merged.

    Raises:
        PreparationFailed: WeightsMismatch, with the names of the tensors.
    """
    parameters = dict(loaded.model.named_parameters())
    still = [name for name in sorted(loaded.absent) if name not in parameters or _is_marked(parameters[name])]
    if still:
        named = [f"{name} ({loaded.absent[name]})" for name in still]
        raise PreparationFailed(FailureReason.WeightsMismatch, f"{origin} does not fit the task: {listed(named)}.")


def _mark(model: PreTrainedModel, names: Iterable[str]) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in names:
                parameter.fill_(torch.nan)


def _is_marked(parameter: torch.Tensor) -> bool:
    return bool(torch.isnan(parameter).any())
