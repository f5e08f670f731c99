"""Merging a PEFT adapter into a model's weights."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checkpoints.checkpoint import read_object, require_readable
from transformermodel_predictor.checkpoints.torch_file import read_state_dict
from transformermodel_predictor.pretrained import listed, one_line
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.resources import resources_classified

_CONFIGURATION = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_PICKLED_WEIGHTS = "adapter_model.bin"
_PREFIX = "base_model.model."


def merge_adapter(model: PreTrainedModel, folder: Path, origin: str, *, trusted: bool = False) -> PreTrainedModel:
    """Merge an adapter into a model's weights; returns a plain model again.

    peft would silently skip tensors of the adapter that have no place in the model; here they are an error.

    Raises:
        PreparationFailed: UnsupportedSource, it is no adapter or of a kind that cannot be merged; WeightsMismatch,
            it belongs to another model; RemoteCodeForbidden, its file is more than weights and not trusted.
    """
    require_adapter(folder, origin)
    weights = _read_weights(folder, origin, trusted=trusted)
    with quiet():
        return _merged(model, folder, weights, origin)


def require_adapter(folder: Path, origin: str, elsewhere: Collection[str] = ()) -> None:
    """Refuse a folder without a valid adapter.

    Args:
        folder: with the adapter's files.
        origin: the uri, for messages.
        elsewhere: names of files that are not fetched yet, and count as valid.

    Raises:
        PreparationFailed: UnsupportedSource, configuration or weights are missing or damaged.
    """
    if _CONFIGURATION not in elsewhere:
        read_object(folder / _CONFIGURATION, origin)
    if {_WEIGHTS, _PICKLED_WEIGHTS} & set(elsewhere):
        return
    if (folder / _WEIGHTS).is_file() or not (folder / _PICKLED_WEIGHTS).is_file():
        require_readable(folder / _WEIGHTS, origin)


def _read_weights(folder: Path, origin: str, *, trusted: bool) -> dict[str, torch.Tensor]:
    if not (folder / _WEIGHTS).is_file() and (folder / _PICKLED_WEIGHTS).is_file():
        return read_state_dict([folder / _PICKLED_WEIGHTS], origin, trusted=trusted)
    return load_file(folder / _WEIGHTS)


def _merged(model: PreTrainedModel, folder: Path, weights: dict[str, torch.Tensor], origin: str) -> PreTrainedModel:
    from peft import PeftConfig, get_peft_model, set_peft_model_state_dict  # slow to import, and not always needed

    try:
        configuration = PeftConfig.from_pretrained(str(folder), local_files_only=True)
    except (ValueError, TypeError, KeyError) as error:
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{_CONFIGURATION} of {origin} cannot be read ({one_line(error)})."
        ) from error
    if configuration.is_prompt_learning or configuration.is_adaption_prompt:
        raise PreparationFailed(
            FailureReason.UnsupportedSource,
            f"{origin} is a {configuration.peft_type.value} adapter, which cannot be merged into weights.",
        )
    try:
        with resources_classified():
            wrapped = get_peft_model(model, configuration)
            outcome = set_peft_model_state_dict(wrapped, weights)
    except (ValueError, RuntimeError, KeyError) as error:
        raise _mismatch(origin, one_line(error)) from error
    _require_all_used(outcome, origin)
    merged: Any = wrapped.merge_and_unload()
    plain: PreTrainedModel = merged.eval()
    return plain


def _require_all_used(outcome: Any, origin: str) -> None:  # noqa: ANN401
    """Refuse tensors that have no place in the model, and parameters of the adapter that have no tensor."""
    if outcome.unexpected_keys:
        raise _mismatch(origin, f"the model has no place for {_some(outcome.unexpected_keys)}")
    unfilled = [name for name in outcome.missing_keys if "lora_" in name]
    if unfilled:
        raise _mismatch(origin, f"it lacks {_some(unfilled)}")


def _some(names: Collection[str]) -> str:
    return listed([name.removeprefix(_PREFIX) for name in names])


def _mismatch(origin: str, cause: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.WeightsMismatch, f"{origin} does not fit the model: {cause}.")
