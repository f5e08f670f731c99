"""The model of a task with the weights of a checkpoint, in float32.

A head may be missing in the checkpoint and come with the adapter, so what the checkpoint lacks is only marked here,
with numbers that are not numbers, and looked for after the merge.
"""

from collections.abc import Iterable, Sequence

import torch
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.preparation.checkpoint import Checkpoint
from transformermodel_predictor.pretrained import Pretrained, listed, load_pretrained, one_line


def load_weights(checkpoint: Checkpoint, auto_class: str, labels: Sequence[str]) -> Pretrained:
    """Load a checkpoint into the model of a task, with one class per label if any; what is absent is marked.

    Raises:
        PreparationFailed: UnsupportedSource, the configuration describes a model that cannot be built.
    """
    configuration = checkpoint.configuration
    if labels:
        configuration.id2label = dict(enumerate(labels))
        configuration.label2id = {label: index for index, label in enumerate(labels)}
    try:
        loaded = load_pretrained(checkpoint.folder, auto_class, configuration)
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{checkpoint.origin} cannot be loaded ({one_line(error)})."
        ) from error
    _mark(loaded.model, loaded.absent)
    return loaded


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
