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
"""Tasks that need one pass over a text."""

ALL_TASKS = (*ENCODER_TASKS, TaskName.TextGeneration)
"""Tasks whose models are loaded here; for Custom, a handler loads the model."""


@dataclass(frozen=True)
class Place:
    """Where and how a candidate will run.

    Attributes:
        device: the predictor's device.
        batch_size: rows per batch, for forms whose models take only batches of one size.
    """

    device: torch.device = CPU
    batch_size: int | None = None


class Form(Protocol):
    """What one form needs, and how to write a model in it. Stateless."""

    format: ClassVar[Format]
    summary: ClassVar[str]
    """Describes the form, in a sentence for the reference page."""
    files: ClassVar[tuple[str, ...]]
    """Names of the files that hold the model, besides tokenizer, labels and configuration."""
    candidates: ClassVar[tuple[Candidate, ...]]
    """The engines and precisions that run it."""
    tasks: ClassVar[tuple[TaskName, ...]]
    """The tasks that it supports."""
    needs: ClassVar[str]
    """Requirements, in a sentence for the reference page."""
    reproducible: ClassVar[bool]
    """Whether every build of the same model, on any machine, yields the same bytes."""

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate cannot be built or run, as a sentence without a full stop; None if it can.

        Cheap: called before anything is loaded.

        Args:
            candidate: one of this form's candidates.
            task: what the model does.
            architecture: `model_type` of the configuration.
            place: where it will run.
        """
        ...

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Write the model's files into a folder; leaves the model unchanged.

        Raises:
            PreparationFailed: UnsupportedForm, the model cannot be written in this form; the message says why.
        """
        ...
