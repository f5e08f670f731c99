"""One question's way to an explained answer: predict, find the targets, attribute, and say it in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from transformermodel_predictor.explanations.explanation import Explained, Explanation, Options
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.parts import explain
from transformermodel_predictor.explanations.rows import Asking, ForwardRow
from transformermodel_predictor.explanations.target import ExplainableTask, Target
from transformermodel_predictor.explanations.together import together
from transformermodel_predictor.explanations.tools import Tools
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, Windows


@dataclass(frozen=True)
class Subject:
    """What is to be explained, and how.

    Attributes:
        question: the task's own; for generation the text that was generated.
        wanted: the target as the client sent it; None where it is left to the answer.
        ways: how it is computed: by one method after the other.
        most_targets: how many things may be explained about one question.
    """

    question: Any
    wanted: object
    ways: Sequence[Options]
    most_targets: int


def explaining(
    task: ExplainableTask[Any, Any], encode: Callable[[Any], Windows], tools: Tools, subject: Subject
) -> Asking[Explained]:
    """Answer a question as the serving engine does, and explain the answer, the same one by all methods.

    Args:
        task: of the model.
        encode: `ExplainableTask.encode` with the model's tokenizer, for one question.
        tools: what methods know of the model.
        subject: what is to be explained.

    Raises:
        InvalidQuestion: it cannot be encoded, has no such target or too many, or the method cannot be had.
        ArithmeticError: the model's answer to the question itself is not finite.
    """
    question = subject.question
    windows = encode(question)
    outputs = yield from _outputs(windows)
    targets = task.targets(question, windows, outputs, subject.wanted)
    require_few(len(targets), subject.most_targets)
    texts, explanations = task.texts(question), list[Explanation]()
    for options in subject.ways:
        explanations += yield from _explanations(targets, options, tools, texts)
    return Explained(
        answer=task.answer(question, windows, outputs),
        explanations=tuple(explanations),
        truncated=sum(window.truncated for window in windows),
    )


def _explanations(
    targets: Sequence[Target], options: Options, tools: Tools, texts: Mapping[str, str]
) -> Asking[tuple[Explanation, ...]]:
    """What a method finds.

    Raises:
        InvalidQuestion: it meets numbers that are not finite on its way to this text, as others may not.
    """
    attribute = METHODS[options.method]
    try:
        attributions = yield from together([attribute(target, options, tools) for target in targets])
        pairs = zip(targets, attributions, strict=True)
        return tuple(explain(options.method, target, attribution, texts) for target, attribution in pairs)
    except ArithmeticError as error:
        raise InvalidQuestion(
            f"method {options.method} with the baseline {options.baseline} cannot explain this text: {error}; "
            "another method or baseline may"
        ) from error


class _Kept:
    """An objective that keeps what it is computed from."""

    def __init__(self) -> None:
        self.outputs: Outputs = {}

    def value(self, outputs: Outputs) -> torch.Tensor:
        """Nothing of interest."""
        self.outputs = outputs
        return torch.zeros(())


def _outputs(windows: Windows) -> Asking[list[Outputs]]:
    """What the serving engine answers."""
    kept = [_Kept() for _ in windows]
    yield [ForwardRow(window, keeper) for window, keeper in zip(windows, kept, strict=True)]
    return [keeper.outputs for keeper in kept]


def require_few(targets: int, most: int) -> None:
    """Refuse more targets than may be explained about one question.

    Raises:
        InvalidQuestion: there are more.
    """
    if targets > most:
        raise InvalidQuestion(f"there are {targets} targets to explain, and at most {most} may be: name fewer")
