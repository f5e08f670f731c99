"""What the ancestor's handler asks of a loaded model, whatever its task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_predictor.explanations.explanation import Explanation, Options
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.tasks.catalogue import AnyTask
from transformermodel_predictor.tasks.task import Windows
from transformermodel_predictor.torchserve.ancestor.tensors import Tokens


@dataclass(frozen=True)
class Asked:
    """A question as the model sees it.

    Attributes:
        question: the task's own, or what it made of it.
        windows: its encodings; the first one stands in the tensors that pass between the handler's methods.
        target: what an explanation is to explain.
        detailed: whether the answer has all its fields.
    """

    question: Any
    windows: Windows
    target: object = None
    detailed: bool = False

    @property
    def tokens(self) -> Tokens:
        """Of the first window."""
        return tuple(self.windows[0].features["input_ids"])

    @property
    def truncated(self) -> int:
        """Tokens of the question that the model does not see."""
        return sum(window.truncated for window in self.windows)


Explained = Sequence[tuple[Target, Explanation]]
"""What was explained of an answer, and how."""


class Answering(Protocol):
    """A model with its task. Called from one thread at a time."""

    @property
    def task(self) -> AnyTask:
        """What it does."""
        ...

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """What it reads with."""
        ...

    @property
    def differentiable(self) -> PreTrainedModel | None:
        """The model of whose embeddings gradients can be taken; None for a graph, which has none."""
        ...

    def encode(self, questions: Sequence[Any]) -> list[Asked]:
        """Tokenize questions together.

        Raises:
            InvalidQuestion: one of them cannot be encoded; the error has it where it is known which.
        """
        ...

    def recognise(self, tokens: Sequence[int]) -> Asked:
        """A question for tokens, at least one, that the handler itself has made."""
        ...

    def answer(self, asked: Sequence[Asked]) -> list[Mapping[str, Any]]:
        """Answer questions together; each answer's fields."""
        ...

    def explain(self, asked: Asked, wanted: object, options: Options) -> Explained:
        """Explain the answer to a question.

        Raises:
            InvalidQuestion: there is no such target, or it cannot be explained this way.
        """
        ...
