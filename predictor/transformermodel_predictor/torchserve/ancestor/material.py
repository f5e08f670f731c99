"""What a model is made of, once an archive was read."""

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import ModelConfiguration


@dataclass(frozen=True)
class Archived:
    """The parts of an archive that a model is loaded from.

    Attributes:
        folder: the archive's.
        name: the model's, for messages.
        serialized: the file with the weights, where the manifest names it.
    """

    folder: Path
    name: str
    serialized: str | None = None

    @property
    def origin(self) -> str:
        """What messages call it."""
        return f"the archive {self.name!r}"


@dataclass(frozen=True)
class Material:
    """An archive that was read, but for its weights.

    Attributes:
        archived: the archive.
        folder: its files, with what it lacks.
        task: what the model does.
        configuration: how.
        tokenizer: what it reads with.
        labels: names of the classes, where the archive has them.
        device: where the model is to run.
    """

    archived: Archived
    folder: Path
    task: TaskName
    configuration: ModelConfiguration
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...] | None
    device: torch.device
