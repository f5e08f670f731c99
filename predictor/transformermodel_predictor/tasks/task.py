"""The interface of a task: from text to token ids, and from logits to an answer. Pure; no model, no protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from transformermodel_api.spec import TaskName

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class TensorSpec:
    """A tensor that clients send or receive: V2's name, datatype and shape, in which -1 is any number.

    An optional input may be left out. An optional output is answered when it is asked for: by a parameter of its name
    that is true, or by its name among V2's requested outputs.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    optional: bool = False


@dataclass(frozen=True)
class Encoding:
    """One text as the model sees it, without padding.

    Attributes:
        features: the tokenizer's outputs by name (`input_ids`, `token_type_ids`, ...), each a list of one length.
        truncated: how many tokens of the text did not fit.
    """

    features: Mapping[str, Sequence[int]]
    truncated: int = 0

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.features["input_ids"])


Outputs = Mapping[str, torch.Tensor]
"""What an engine returns for one encoding: tensors by their name in the model's output, without a batch dimension."""


class InvalidQuestion(ValueError):
    """A question that the task cannot read; the text says what would be right."""


class Task(Protocol, Generic[Question, Answer]):
    """What a model does with text.

    A task is made for one model (its labels, its limits) and holds no other state, so it may be used by several
    threads at once. `Question` and `Answer` are the task's own data classes.
    """

    name: ClassVar[TaskName]
    auto_class: ClassVar[str]
    """Name of transformers' Auto class that loads a model with the task's head."""
    mode: ClassVar[str]
    """Name of the task in model-config.yaml (`handler.mode`)."""

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
        """Names of the classes in the order of the logits."""
        ...

    @property
    def probes(self) -> tuple[Question, ...]:
        """Questions of mixed length on which two ways to run one model are compared."""
        ...

    def require_fit(self, configuration: PreTrainedConfig) -> None:
        """Refuse a model whose own configuration says that its outputs are not what this task decodes.

        Raises:
            PreparationFailed: the number of classes differs, or the head is of another kind.
        """
        ...

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> Question:
        """Read one question from named fields, and from parameters that say how it is to be answered.

        Raises:
            InvalidQuestion: a field or a parameter is missing, unknown or of the wrong type.
        """
        ...

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[Question]) -> list[Encoding]:
        """Tokenize, one encoding per question, unpadded and cut to the model's limit."""
        ...

    def decode(
        self, questions: Sequence[Question], encodings: Sequence[Encoding], outputs: Sequence[Outputs]
    ) -> list[Answer]:
        """Turn what the engine returned into answers, one per question."""
        ...

    def fields(self, answer: Answer) -> dict[str, Any]:
        """An answer as named fields, whose names are those of `outputs`."""
        ...

    def difference(self, reference: Answer, other: Answer) -> float:
        """How far two answers to one question are apart: 0 equal, 1 as different as can be."""
        ...
