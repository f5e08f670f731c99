"""The model of a task with the weights of a checkpoint, in float32.

A head may be missing in the checkpoint and come with the adapter, so what the checkpoint lacks is only marked here,
with numbers that are not numbers, and looked for after the merge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.preparation.checkpoint import Checkpoint, one_line
from transformermodel_predictor.preparation.quiet import quiet

_NAMED = 4
"""How many tensors a message names."""


@dataclass(frozen=True)
class LoadedWeights:
    """A model and what the checkpoint did not have for it.

    Attributes:
        model: in evaluation mode, float32, on the CPU.
        absent: names of the parameters that hold no weights yet, with the reason.
    """

    model: PreTrainedModel
    absent: dict[str, str]


def load_weights(checkpoint: Checkpoint, auto_class: str, labels: Sequence[str]) -> LoadedWeights:
    """Load a checkpoint into the model of a task with one class per label.

    Raises:
        PreparationFailed: UnsupportedSource, the configuration describes a model that cannot be built.
    """
    configuration = checkpoint.configuration
    configuration.id2label = dict(enumerate(labels))
    configuration.label2id = {label: index for index, label in enumerate(labels)}
    try:
        with quiet():
            model, report = getattr(transformers, auto_class).from_pretrained(
                checkpoint.folder,
                config=configuration,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,  # so that they are reported by name
                output_loading_info=True,
            )
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{checkpoint.origin} cannot be loaded ({one_line(error)})."
        ) from error
    absent = _absent(report)
    _mark(model, absent)
    return LoadedWeights(model.eval(), absent)


def require_all_weights(loaded: LoadedWeights, origin: str) -> None:
    """Refuse a model that still lacks weights after the adapter, if any, was merged.

    Raises:
        PreparationFailed: WeightsMismatch, with the names of the tensors.
    """
    parameters = dict(loaded.model.named_parameters())
    still = [name for name in sorted(loaded.absent) if name not in parameters or _is_marked(parameters[name])]
    if still:
        named = [f"{name} ({loaded.absent[name]})" for name in still[:_NAMED]]
        raise PreparationFailed(
            FailureReason.WeightsMismatch, f"{origin} does not fit the task: {listed(named, len(still))}."
        )


def listed(names: Sequence[str], count: int) -> str:
    """Names for a message, and how many more there are."""
    more = f" and {count - len(names[:_NAMED])} more" if count > len(names[:_NAMED]) else ""
    return ", ".join(names[:_NAMED]) + more


def _absent(report: dict[str, Any]) -> dict[str, str]:
    """Why each tensor that the model needs was not taken from the checkpoint."""
    absent = dict.fromkeys(report["missing_keys"], "missing")
    for name, found, wanted in report["mismatched_keys"]:
        absent[name] = f"has the shape {list(found)}, not {list(wanted)}"
    return absent


def _mark(model: PreTrainedModel, names: dict[str, str]) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in names:
                parameter.fill_(torch.nan)


def _is_marked(parameter: torch.Tensor) -> bool:
    return bool(torch.isnan(parameter).any())
