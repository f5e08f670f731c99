"""The interface of a form: one way to store a model for serving."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import torch

from transformermodel_api.preparation import Format
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.merge import Merged

CPU = torch.device("cpu")


ENCODER_TASKS = (TaskName.SequenceClassification, TaskName.TokenClassification, TaskName.QuestionAnswering)
"""Tasks that are answered from one pass over a text."""

ALL_TASKS = (*ENCODER_TASKS, TaskName.TextGeneration)
"""Tasks whose models are loaded here; for Custom a handler does it."""


@dataclass(frozen=True)
class Place:
    """Where and how a candidate is to run.

    Attributes:
        device: the device of the predictor.
        batch_size: rows of every batch, for forms whose models take batches of one size.
    """

    device: torch.device = CPU
    batch_size: int | None = None


class Form(Protocol):
    """What one form needs, and how a model is written in it. Holds no state."""

    format: ClassVar[Format]
    summary: ClassVar[str]
    """What it is, in a sentence of the reference."""
    files: ClassVar[tuple[str, ...]]
    """Names of the files that hold the model, besides tokenizer, labels and configuration."""
    candidates: ClassVar[tuple[Candidate, ...]]
    """The ways to run it."""
    tasks: ClassVar[tuple[TaskName, ...]]
    """What models in it can do."""
    needs: ClassVar[str]
    """What has to be there, in a sentence of the reference."""
    reproducible: ClassVar[bool]
    """Whether the same model gives the same bytes, wherever and however often it is built."""

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate cannot be built or run, in a sentence without a full stop; None where it can.

        Cheap: decided before anything is loaded.

        Args:
            candidate: one of this form's.
            task: what the model does.
            architecture: `model_type` of the configuration.
            place: where it is to run.
        """
        ...

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Write the model's files into a folder; the model is left as it was.

        Raises:
            PreparationFailed: UnsupportedForm, the model cannot be had in this form; the message says why.
        """
        ...
