"""The interface of a task: from text to token ids, and from logits to an answer. Pure; no model, no protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from transformermodel_api.spec import TaskName

if TYPE_CHECKING:  # protocols import this module in servers that run no model themselves
    import torch
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

Question = TypeVar("Question")
Answer = TypeVar("Answer")
QuestionMade = TypeVar("QuestionMade", covariant=True)
AnswerTaken = TypeVar("AnswerTaken", contravariant=True)


@dataclass(frozen=True)
class TensorSpec:
    """A tensor that clients send or receive: V2's name, datatype and shape, in which -1 stands for any size.

    An optional input may be left out. An optional output is returned on request: by a parameter of its name that is
    true, or by its name among V2's requested outputs. A JSON tensor's elements are JSON values, such as lists whose
    length differs by row: V1 carries them as they are, V2 as one JSON text per row.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    optional: bool = False
    json: bool = False


@dataclass(frozen=True)
class Alignment:
    """The position of each token of an encoding in the texts of its question.

    Attributes:
        texts: 0 for the first text, 1 for the second; None for special tokens.
        offsets: start and end (exclusive), in Unicode code points of that text; (0, 0) for special tokens.
        words: index of the word in that text; None for special tokens.
        tokens: the tokens as the tokenizer spells them, such as `##ing`.
        before: number of the text's tokens before this encoding, if it is a window over a longer one.
    """

    texts: Sequence[int | None]
    offsets: Sequence[tuple[int, int]]
    words: Sequence[int | None]
    tokens: Sequence[str]
    before: int = 0


@dataclass(frozen=True)
class Encoding:
    """One sequence of tokens as the model sees it, without padding.

    Attributes:
        features: the tokenizer's outputs by name (`input_ids`, `token_type_ids`, ...), all lists of the same length.
        truncated: number of the question's tokens that are in none of its windows; set on the first window only.
        alignment: the tokens' positions in the texts, for tasks that answer with parts of the text.
    """

    features: Mapping[str, Sequence[int]]
    truncated: int = 0
    alignment: Alignment | None = None

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.features["input_ids"])


Windows = tuple[Encoding, ...]
"""The encodings of one question, at least one: overlapping parts where it is longer than the model's limit."""

Outputs = Mapping[str, "torch.Tensor"]
"""An engine's result for one encoding: tensors by their name in the model's output, without a batch dimension."""


class InvalidQuestion(ValueError):
    """A question that the task cannot read; the message says what would be right.

    Args:
        message: one line for the client.
        question: the task's own question, if it was found to be invalid only after it had been read.
        field: name of the field or parameter at fault, if it is a single one.
    """

    def __init__(self, message: str, question: object = None, field: str | None = None) -> None:
        super().__init__(message)
        self.question = question
        self.field = field


class InvalidParameter(InvalidQuestion):
    """A parameter that the task cannot read. It applies to the whole request, so no single question is at fault."""


class Task(Protocol[QuestionMade, AnswerTaken]):
    """Reads questions and answers for one kind of model head.

    A task is made for one model (its labels, its limits) and is otherwise stateless, so several threads may use it at
    once. `Question` and `Answer` are the task's own data classes.
    """

    name: ClassVar[TaskName]
    auto_class: ClassVar[str]
    """Name of the Auto class in transformers that loads a model with the task's head."""
    mode: ClassVar[str]
    """Name of the task in model-config.yaml (`handler.mode`)."""
    has_labels: ClassVar[bool]
    """Whether the model's classes have names."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The tensors that clients send."""
        ...

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The tensors that clients receive."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits; empty for tasks without classes."""
        ...

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters that `question` reads."""
        ...

    @property
    def probes(self) -> tuple[QuestionMade, ...]:
        """Questions of mixed lengths, on which two ways of running one model are compared."""
        ...

    def require_fit(self, configuration: "PreTrainedConfig") -> None:
        """Refuse a model whose configuration contradicts this task.

        Raises:
            PreparationFailed: the number of classes differs, or the head is of another kind.
        """
        ...

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> QuestionMade:
        """Read one question from its named fields and the request's parameters.

        Raises:
            InvalidQuestion: a field or a parameter is missing, unknown or of the wrong type.
        """
        ...

    def fields(self, answer: AnswerTaken) -> dict[str, Any]:
        """An answer as fields, named like `outputs`."""
        ...

    def difference(self, reference: AnswerTaken, other: AnswerTaken) -> float:
        """How far apart two answers to one question are, from 0 (equal) to 1."""
        ...

    def agree(self, reference: AnswerTaken, other: AnswerTaken) -> bool:
        """Whether two answers to one question have the same labels, entities, span or tokens."""
        ...

    def preference(self, reference: AnswerTaken, other: AnswerTaken) -> float:
        """By how much the reference prefers its own answer to the other's, from 0 (undecided) to 1 (certain).

        For answers that disagree: a numerical difference between two engines may tip an undecided answer.
        """
        ...


class EncoderTask(Task[Question, Answer], Protocol[Question, Answer]):
    """A task whose answer needs one forward pass over the question."""

    def encode(self, tokenizer: "PreTrainedTokenizerBase", questions: Sequence[Question]) -> list[Windows]:
        """Tokenize, unpadded; one tuple of windows per question, each cut to the model's limit."""
        ...

    def decode(
        self, questions: Sequence[Question], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Answer]:
        """Turn the engine's outputs for each window into answers, one per question."""
        ...
