"""The model as transformers runs it: safetensors, PyTorch, padded batches."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.pretrained import listed, load_pretrained, one_line
from transformermodel_predictor.tasks.task import Encoding, Outputs, Task


def load_for_task(directory: Path, task: Task[Any, Any]) -> PreTrainedModel:
    """Load the weights in a folder, with the head of the task, in float32 on the CPU.

    Raises:
        PreparationFailed: the folder holds no safetensors, another architecture, or weights without the head.
    """
    try:
        loaded = load_pretrained(directory, task.auto_class)
    except OSError as error:
        raise PreparationFailed(FailureReason.UnsupportedSource, f"{one_line(error)}.") from error
    except ValueError as error:
        raise PreparationFailed(FailureReason.UnsupportedArchitecture, f"{one_line(error)}.") from error
    if loaded.absent:
        named = [f"{name} ({reason})" for name, reason in sorted(loaded.absent.items())]
        raise PreparationFailed(FailureReason.WeightsMismatch, f"{directory} does not fit the task: {listed(named)}.")
    task.require_fit(loaded.model.config)
    return loaded.model


class PretrainedEngine:
    """A transformers model in float32 on the CPU, with the fastest attention that its architecture has (SDPA).

    Args:
        model: in evaluation mode, as `from_pretrained` returns it.
    """

    padding_free = False

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._pad_token: int | None = getattr(model.config, "pad_token_id", None)
        self._accepted = frozenset(inspect.signature(model.forward).parameters)

    @classmethod
    def load(cls, directory: Path, task: Task[Any, Any]) -> Self:
        """Load the weights in a folder, with the head of the task.

        Raises:
            PreparationFailed: the folder holds no safetensors, another architecture, or weights without the head.
        """
        return cls(load_for_task(directory, task))

    @torch.inference_mode()
    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        """Run one forward pass over the batch, padded on the right."""
        if self._pad_token is None and len(batch) > 1:  # such models cannot tell padding from text
            return [outputs for encoding in batch for outputs in self.run([encoding])]
        output = self._model(**self._padded(batch))
        tensors = {name: value.float().cpu() for name, value in output.items() if isinstance(value, torch.Tensor)}
        return [{name: value[row] for name, value in tensors.items()} for row in range(len(batch))]

    def _padded(self, batch: Sequence[Encoding]) -> dict[str, torch.Tensor]:
        """The batch as int64 tensors [rows, longest], with the mask of what is text."""
        longest = max(len(encoding) for encoding in batch)
        features = {
            name: [_pad(encoding.features[name], longest, self._fill(name)) for encoding in batch]
            for name in batch[0].features
            if name in self._accepted
        }
        features["attention_mask"] = [_pad([1] * len(encoding), longest, 0) for encoding in batch]
        return {name: torch.tensor(rows, dtype=torch.int64) for name, rows in features.items()}

    def _fill(self, feature: str) -> int:
        return self._pad_token or 0 if feature == "input_ids" else 0


def _pad(values: Sequence[int], length: int, fill: int) -> list[int]:
    return [*values, *[fill] * (length - len(values))]
