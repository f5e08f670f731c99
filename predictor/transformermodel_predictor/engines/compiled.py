"""Files of compiled models: finding and reading them, and refusing those compiled for another device."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_api.errors import CorruptArtifact, PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE, ModelConfiguration, read_configuration
from transformermodel_predictor.engines.signature import (
    ATTENTION_MASK,
    INPUT_IDS,
    SIGNATURE_FILE,
    GraphInput,
    GraphSignature,
    Signature,
    read_signature,
)
from transformermodel_predictor.pretrained import load_pretrained_tokenizer
from transformermodel_predictor.tasks.task import Task

_SPAN = ("start_logits", "end_logits")


def signature_in(directory: Path, task: Task[Any, Any]) -> Signature:
    """Read the signature in a folder; without one, assume that of TorchServe's preparation script.

    Raises:
        CorruptArtifact: signature.json or model-config.yaml cannot be read.
    """
    if not (directory / SIGNATURE_FILE).is_file():
        return _signature_of_torchserve(directory, task)
    try:
        return read_signature((directory / SIGNATURE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{directory / SIGNATURE_FILE} cannot be read: {error}.") from error


def torchserve_signature(task: TaskName, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Signature:
    """Signature of TorchServe's models: token ids and mask, padded to the limit, in its tracing script and handler."""
    return Signature(
        inputs=(
            GraphInput(INPUT_IDS, bound=len(tokenizer), padding=tokenizer.pad_token_id or 0),
            GraphInput(ATTENTION_MASK, bound=2),
        ),
        outputs=_SPAN if task is TaskName.QuestionAnswering else ("logits",),
        max_length=max_length,
    )


def require_device(signature: GraphSignature, device: torch.device, directory: Path) -> None:
    """Refuse a graph compiled for another kind of device: its operations name their device.

    Raises:
        PreparationFailed: UnsupportedForm.
    """
    if signature.device not in (None, device.type):
        raise unsupported(
            f"the model in {directory} was compiled for the device {signature.device}, not {device.type}."
        )


def model_file(directory: Path, name: str) -> Path:
    """Find the file of that name, or the only one with its suffix: TorchServe's scripts name files after the model.

    Raises:
        PreparationFailed: UnsupportedForm, there is no such file, or more than one.
    """
    if (directory / name).is_file():
        return directory / name
    others = sorted(directory.glob(f"*{Path(name).suffix}"))
    if len(others) != 1:
        raise unsupported(f"{directory} holds {len(others) or 'no'} files that could be its {name}.")
    return others[0]


def unsupported(message: str) -> PreparationFailed:
    """The error for a format that cannot be produced, or does not run here."""
    return PreparationFailed(FailureReason.UnsupportedForm, message)


def _signature_of_torchserve(directory: Path, task: Task[Any, Any]) -> Signature:
    configuration = _configuration_in(directory)
    signature = torchserve_signature(task.name, load_pretrained_tokenizer(directory), configuration.max_length)
    if not configuration.hardware:
        return signature
    return replace(signature, batch_size=configuration.batch_size, fixed_length=True)


def _configuration_in(directory: Path) -> ModelConfiguration:
    try:
        return read_configuration((directory / CONFIGURATION_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{directory / CONFIGURATION_FILE} cannot be read: {error}.") from error
