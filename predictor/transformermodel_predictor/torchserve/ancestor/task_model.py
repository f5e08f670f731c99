"""The interface of a loaded model to the generalized handler, whatever its task."""

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
class EncodedQuestion:
    """A question with its encodings.

    Attributes:
        question: the task's own question, or an encoded prompt.
        windows: its encodings; the first one is in the tensors that the handler's methods pass on.
        target: the target of an explanation; None to explain the answer itself.
        detailed: whether to return all fields of the answer instead of the bare answer.
    """

    question: Any
    windows: Windows
    target: object = None
    detailed: bool = False

    @property
    def tokens(self) -> Tokens:
        """Token ids of the first window."""
        return tuple(self.windows[0].features["input_ids"])

    @property
    def truncated(self) -> int:
        """Number of the question's tokens that the model does not see."""
        return sum(window.truncated for window in self.windows)


Explained = Sequence[tuple[Target, Explanation]]
"""The explanation of each target of an answer."""


class TaskModel(Protocol):
    """A model with its task. Called from one thread at a time."""

    @property
    def task(self) -> AnyTask:
        """The task."""
        ...

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The model's tokenizer."""
        ...

    @property
    def differentiable(self) -> PreTrainedModel | None:
        """The model for gradients by the embeddings; None for a traced graph, which has no gradients."""
        ...

    def encode(self, questions: Sequence[Any]) -> list[EncodedQuestion]:
        """Tokenize questions together.

        Raises:
            InvalidQuestion: a question cannot be encoded; the error refers to it if it is known which.
        """
        ...

    def recognise(self, tokens: Sequence[int]) -> EncodedQuestion:
        """The question for at least one token id that a handler has produced by itself."""
        ...

    def answer(self, asked: Sequence[EncodedQuestion]) -> list[Mapping[str, Any]]:
        """Answer questions together; return the fields of each answer."""
        ...

    def explain(self, asked: EncodedQuestion, wanted: object, options: Options) -> Explained:
        """Explain the answer to a question.

        Raises:
            InvalidQuestion: there is no such target, or it cannot be explained with this method.
        """
        ...
