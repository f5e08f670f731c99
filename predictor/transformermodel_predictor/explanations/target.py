"""Targets: what is explained, one number that a model computes from one encoding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.tasks.task import Encoding, Outputs, Windows

Asked = TypeVar("Asked", contravariant=True)
Question = TypeVar("Question", contravariant=True)


class Objective(Protocol):
    """A number in a model's outputs for one encoding."""

    def value(self, outputs: Outputs) -> torch.Tensor:
        """The number as a scalar tensor, differentiable if the outputs are.

        A logit rather than a probability, which saturates; for generated tokens the sum of their log-probabilities.
        """
        ...


@dataclass(frozen=True)
class Target:
    """One thing to explain about the answer to one question.

    Attributes:
        name: for people: a class, an entity's label, `start`, `end`, a generated text.
        encoding: the window that gave the answer, with its alignment.
        objective: the number to attribute to the tokens.
        score: the target's probability.
        features: index of the feature (word) of each token, from 0 without gaps; None for tokens that are not
            attributed to: special and generated ones. Gradient methods attribute to single tokens; perturbation methods
            leave out all tokens of a feature together.
        details: further fields for the answer.
    """

    name: str
    encoding: Encoding
    objective: Objective
    score: float
    features: tuple[int | None, ...]
    details: Mapping[str, Any] = field(default_factory=dict)


class ExplainableTask(Protocol[Asked, Question]):
    """A task whose answers can be explained. Pure.

    `Asked` is the type of the task's questions, `Question` that of what is explained. They are the same except for
    generation, where the generated text with its prompt is explained.
    """

    def minimum_targets(self, asked: Asked, requested: object) -> int:
        """A lower bound on the number of targets, as far as known before the question is answered.

        Args:
            asked: the question.
            requested: as in `targets`.

        Raises:
            InvalidQuestion: no answer can have such a target; the message says which are possible.
        """
        ...

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[Question]) -> list[Windows]:
        """The engine's inputs, with alignment: one tuple of windows per question.

        Raises:
            InvalidQuestion: a question is too long.
            UserError: the tokenizer cannot map its tokens to offsets in the text.
        """
        ...

    def texts(self, question: Question) -> Mapping[str, str]:
        """The question's texts by field, in the order of `Alignment.texts`."""
        ...

    def answer(self, question: Question, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The answer's fields, as in a prediction.

        Raises:
            ArithmeticError: the model's outputs are not finite.
        """
        ...

    def targets(
        self, question: Question, windows: Windows, outputs: Sequence[Outputs], requested: object
    ) -> Sequence[Target]:
        """The targets to explain in the answer to a question.

        Requested targets keep the client's order; by default classes are sorted by probability, entities and tokens by
        position. There may be none, for example if no entity was found.

        Args:
            question: what is explained.
            windows: its encodings, with alignment.
            outputs: the serving engine's, for each window.
            requested: the target as the client sent it; the answer itself when None.

        Raises:
            InvalidQuestion: there is no such target; the message says which are possible.
        """
        ...
