"""Explains the answer to one question: predict, choose the targets, attribute, sum over words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from transformermodel_predictor.explanations.explanation import Explained, Explanation, Options
from transformermodel_predictor.explanations.lockstep import run_in_lockstep
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.parts import build_explanation
from transformermodel_predictor.explanations.rows import ForwardRow, RowGenerator
from transformermodel_predictor.explanations.target import ExplainableTask, Target
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, Windows


@dataclass(frozen=True)
class Subject:
    """What to explain, and how.

    Attributes:
        question: of the task's own type; for generation the generated text.
        requested: the target as the client sent it; None for the task's default.
        method_options: options of each method to explain by, in order.
        most_targets: largest number of targets per question.
    """

    question: Any
    requested: object
    method_options: Sequence[Options]
    most_targets: int


def explain_question(
    task: ExplainableTask[Any, Any], encode: Callable[[Any], Windows], access: ModelAccess, subject: Subject
) -> RowGenerator[Explained]:
    """Answer a question with the serving engine, and explain that one answer by each method.

    Args:
        task: the model's.
        encode: `ExplainableTask.encode` with the model's tokenizer, for one question.
        access: the model as methods see it.
        subject: what to explain.

    Raises:
        InvalidQuestion: the question cannot be encoded, the target does not exist, there are too many targets, or the
            method is not available.
        ArithmeticError: the model's logits for the question itself are not finite.
    """
    question = subject.question
    windows = encode(question)
    outputs = yield from _forward(windows)
    targets = task.targets(question, windows, outputs, subject.requested)
    require_few(len(targets), subject.most_targets)
    texts, explanations = task.texts(question), list[Explanation]()
    for options in subject.method_options:
        explanations += yield from _explanations(targets, options, access, texts)
    return Explained(
        answer=task.answer(question, windows, outputs),
        explanations=tuple(explanations),
        truncated=sum(window.truncated for window in windows),
    )


def _explanations(
    targets: Sequence[Target], options: Options, access: ModelAccess, texts: Mapping[str, str]
) -> RowGenerator[tuple[Explanation, ...]]:
    """Explain all targets by one method.

    Raises:
        InvalidQuestion: the method met numbers that are not finite; another method may not.
    """
    attribute = METHODS[options.method]
    try:
        attributions = yield from run_in_lockstep([attribute(target, options, access) for target in targets])
        pairs = zip(targets, attributions, strict=True)
        return tuple(build_explanation(options.method, target, attribution, texts) for target, attribution in pairs)
    except ArithmeticError as error:
        raise InvalidQuestion(
            f"method {options.method} with the baseline {options.baseline} cannot explain this text: {error}; "
            "another method or baseline may"
        ) from error


class _CaptureOutputs:
    """An objective that keeps the outputs it is evaluated on."""

    def __init__(self) -> None:
        self.outputs: Outputs = {}

    def value(self, outputs: Outputs) -> torch.Tensor:
        """Zero: only the outputs matter."""
        self.outputs = outputs
        return torch.zeros(())


def _forward(windows: Windows) -> RowGenerator[list[Outputs]]:
    """The serving engine's outputs for each window."""
    captures = [_CaptureOutputs() for _ in windows]
    yield [ForwardRow(window, capture) for window, capture in zip(windows, captures, strict=True)]
    return [capture.outputs for capture in captures]


def require_few(targets: int, most: int) -> None:
    """Enforce the limit on targets per question.

    Raises:
        InvalidQuestion: there are more targets.
    """
    if targets > most:
        raise InvalidQuestion(f"there are {targets} targets to explain, and at most {most} are allowed: name fewer")
