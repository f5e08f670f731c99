"""The interface of a task: from text to token ids, and from logits to an answer. Pure; no model, no protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from transformermodel_api.spec import TaskName

if TYPE_CHECKING:  # protocols need the words of this module in servers that compute nothing themselves
    import torch
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

Question = TypeVar("Question")
Answer = TypeVar("Answer")
QuestionMade = TypeVar("QuestionMade", covariant=True)
AnswerTaken = TypeVar("AnswerTaken", contravariant=True)


@dataclass(frozen=True)
class TensorSpec:
    """A tensor that clients send or receive: V2's name, datatype and shape, in which -1 is any number.

    An optional input may be left out. An optional output is answered when it is asked for: by a parameter of its name
    that is true, or by its name among V2's requested outputs. A JSON tensor's elements are JSON values, such as lists
    whose length differs by row: V1 has them as they are, V2 as one text per row.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    optional: bool = False
    json: bool = False


@dataclass(frozen=True)
class Alignment:
    """Where each token of an encoding stands in the texts of its question.

    Attributes:
        texts: 0 for the first text, 1 for the second; None for special tokens.
        offsets: first character and the one after the last, as Unicode code points of that text; (0, 0) for special
            tokens.
        words: number of the word in that text; None for special tokens.
        tokens: the tokens as the tokenizer spells them, such as `##ing`.
        before: number of tokens of the text that stand before this encoding, where it is a part of a longer one.
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
        features: the tokenizer's outputs by name (`input_ids`, `token_type_ids`, ...), each a list of one length.
        truncated: how many tokens of the question are in no window of it; told of the first window only.
        alignment: where the tokens come from, for tasks that answer with parts of the text.
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
"""What an engine returns for one encoding: tensors by their name in the model's output, without a batch dimension."""


class InvalidQuestion(ValueError):
    """A question that the task cannot read; the text says what would be right.

    Args:
        message: the text.
        question: the task's own question, where it had been made before it turned out to be invalid.
        field: the field or parameter that is at fault, where it is one.
    """

    def __init__(self, message: str, question: object = None, field: str | None = None) -> None:
        super().__init__(message)
        self.question = question
        self.field = field


class InvalidParameter(InvalidQuestion):
    """A parameter that the task cannot read. It holds for all questions of a request, so none of them is at fault."""


class Task(Protocol[QuestionMade, AnswerTaken]):
    """What a model does with text.

    A task is made for one model (its labels, its limits) and holds no other state, so it may be used by several
    threads at once. `Question` and `Answer` are the task's own data classes.
    """

    name: ClassVar[TaskName]
    auto_class: ClassVar[str]
    """Name of transformers' Auto class that loads a model with the task's head."""
    mode: ClassVar[str]
    """Name of the task in model-config.yaml (`handler.mode`)."""
    has_labels: ClassVar[bool]
    """Whether the model's classes have names."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What clients send."""
        ...

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What clients receive."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits; none for tasks that have no classes."""
        ...

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters that `question` reads."""
        ...

    @property
    def probes(self) -> tuple[QuestionMade, ...]:
        """Questions of mixed length on which two ways to run one model are compared."""
        ...

    def require_fit(self, configuration: "PreTrainedConfig") -> None:
        """Refuse a model whose own configuration says that its outputs are not what this task decodes.

        Raises:
            PreparationFailed: the number of classes differs, or the head is of another kind.
        """
        ...

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> QuestionMade:
        """Read one question from named fields, and from parameters that say how it is to be answered.

        Raises:
            InvalidQuestion: a field or a parameter is missing, unknown or of the wrong type.
        """
        ...

    def fields(self, answer: AnswerTaken) -> dict[str, Any]:
        """An answer as named fields, whose names are those of `outputs`."""
        ...

    def difference(self, reference: AnswerTaken, other: AnswerTaken) -> float:
        """How far two answers to one question are apart: 0 equal, 1 as different as can be."""
        ...

    def agree(self, reference: AnswerTaken, other: AnswerTaken) -> bool:
        """Whether two answers to one question say the same: the same labels, entities, span or tokens."""
        ...

    def preference(self, reference: AnswerTaken, other: AnswerTaken) -> float:
        """How much likelier the reference holds its own answer than the other's: 0 undecided, 1 certain.

        Of answers that disagree; a difference between two ways to run a model may turn an answer that was undecided.
        """
        ...


class EncoderTask(Task[Question, Answer], Protocol[Question, Answer]):
    """A task that is answered from the logits of one forward pass over the question."""

    def encode(self, tokenizer: "PreTrainedTokenizerBase", questions: Sequence[Question]) -> list[Windows]:
        """Tokenize, unpadded; one tuple of windows per question, each cut to the model's limit."""
        ...

    def decode(
        self, questions: Sequence[Question], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Answer]:
        """Turn what the engine returned for each window into answers, one per question."""
        ...
