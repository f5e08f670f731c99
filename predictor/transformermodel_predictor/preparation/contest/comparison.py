"""Compares two artifacts of one task on the same questions: answers, speed and size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformermodel_api.errors import UserError
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.contest.asking import AnyModel, StepLimits, ask
from transformermodel_predictor.preparation.contest.courses import course_of
from transformermodel_predictor.preparation.contest.measurement import Measured, measure
from transformermodel_predictor.preparation.contest.samples import Samples
from transformermodel_predictor.preparation.contest.stability import Budget


@dataclass(frozen=True)
class Change:
    """A question that two artifacts answer differently.

    Attributes:
        sample: its position, the task's probes first.
        first: the first artifact's answer, by the names of the task's outputs.
        second: the second one's.
        difference: between the answers, as in `parity.Comparison`.
    """

    sample: int
    first: dict[str, Any]
    second: dict[str, Any]
    difference: float


@dataclass(frozen=True)
class Comparison:
    """The differences between two artifacts.

    Attributes:
        samples: number of questions.
        changes: those that are answered differently.
        shift: the largest difference of a probability.
        mean_shift: the mean over the questions of that difference.
        sizes: bytes of both.
        measured: speed of both.
    """

    samples: int
    changes: tuple[Change, ...]
    shift: float
    mean_shift: float
    sizes: tuple[int, int]
    measured: tuple[Measured, Measured]


def compare_artifacts(first: Artifact, second: Artifact, samples: Samples, budget: Budget) -> Comparison:
    """Ask both the task's probes and the samples, then measure them in turns.

    Raises:
        UserError: they have different tasks or different labels, so that their answers cannot be compared.
    """
    models = load_model(first), load_model(second)
    one, other = models
    _require_comparable(one, other)
    questions, limits = samples.questions(one.task, one.tokenizer), StepLimits()
    answers = list(zip(*(ask(model, questions, limits) for model in models), strict=True))
    task: Any = one.task
    differences = [task.difference(*pair) for pair in answers]
    courses = [
        course_of(artifact.manifest.candidate, model, questions, limits)
        for artifact, model in zip((first, second), models, strict=True)
    ]
    timings = measure(courses, budget)
    return Comparison(
        samples=len(questions),
        changes=tuple(_changes(task, answers, differences)),
        shift=max(differences, default=0.0),
        mean_shift=sum(differences) / len(differences),
        sizes=(first.manifest.size, second.manifest.size),
        measured=(timings[0], timings[1]),
    )


def _changes(task: Any, answers: Sequence[tuple[Any, Any]], differences: Sequence[float]) -> list[Change]:  # noqa: ANN401
    return [
        Change(sample, task.fields(one), task.fields(other), differences[sample])
        for sample, (one, other) in enumerate(answers)
        if not task.agree(one, other)
    ]


def _require_comparable(one: AnyModel, other: AnyModel) -> None:
    if one.task.name is not other.task.name:
        raise UserError(
            f"{one.artifact.path} is for {one.task.name.value}, {other.artifact.path} for "
            f"{other.task.name.value}: only artifacts of one task can be compared"
        )
    if one.task.labels != other.task.labels:
        raise UserError(
            f"{one.artifact.path} and {other.artifact.path} have different labels: their answers cannot be compared"
        )
