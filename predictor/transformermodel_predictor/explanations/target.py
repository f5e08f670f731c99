"""What is explained: one number that a model computes from one encoding."""

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
        """The number: a tensor without dimensions, differentiable where the outputs are.

        Logits rather than probabilities, which saturate; for generated tokens the sum of their log-probabilities.
        """
        ...


@dataclass(frozen=True)
class Target:
    """One thing to explain about one question.

    Attributes:
        name: what a person calls it: the name of a class, an entity's label, `start`, `end`, a generated token.
        encoding: the window in which it was answered, with its alignment.
        objective: the number that its tokens are held responsible for.
        score: the probability that the model gives it.
        features: for each token the number of the feature that it belongs to, from 0 without gaps; None for tokens that
            are held responsible for nothing: special ones, and those a generator wrote itself. Gradient methods
            attribute to tokens; those that leave features out leave out all tokens of one together.
        details: what else describes it in the answer.
    """

    name: str
    encoding: Encoding
    objective: Objective
    score: float
    features: tuple[int | None, ...]
    details: Mapping[str, Any] = field(default_factory=dict)


class ExplainableTask(Protocol[Asked, Question]):
    """A task whose answers have targets. Pure.

    What is asked is what is explained, but where a text is generated: there the text is, with its prompt.
    """

    def foreseen(self, asked: Asked, wanted: object) -> int:
        """How many targets there will be at least, as far as that can be known before anything is answered.

        Args:
            asked: the task's own question.
            wanted: as in `targets`.

        Raises:
            InvalidQuestion: no answer has such a target; the text says which there may be.
        """
        ...

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[Question]) -> list[Windows]:
        """What the engine has to be run on, with alignment; one tuple of windows per question.

        Raises:
            InvalidQuestion: a question is too long.
            UserError: the tokenizer does not know where in a text its tokens stand.
        """
        ...

    def texts(self, question: Question) -> Mapping[str, str]:
        """The question's texts by their fields, in the order in which an alignment counts them."""
        ...

    def answer(self, question: Question, windows: Windows, outputs: Sequence[Outputs]) -> Mapping[str, Any]:
        """The answer's fields, as a prediction has them.

        Raises:
            ArithmeticError: the model answered with numbers that are not finite.
        """
        ...

    def targets(
        self, question: Question, windows: Windows, outputs: Sequence[Outputs], wanted: object
    ) -> Sequence[Target]:
        """What is to be explained about the answer to a question.

        Given targets come in the client's order; else classes with the likeliest first, and entities and tokens as they
        stand in the text. There may be none, as where no entity was found.

        Args:
            question: the task's own; for generation the text that was generated.
            windows: its encodings, made with alignment.
            outputs: what the serving engine returned for each.
            wanted: what the client asked to have explained, as it came in; the answer itself when None.

        Raises:
            InvalidQuestion: there is no such target; the text says which there are.
        """
        ...
