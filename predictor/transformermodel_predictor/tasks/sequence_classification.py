"""One text, or a pair, to one of several labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.spec import TaskName
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, TensorSpec, Windows
from transformermodel_predictor.tasks.tokenization import encode_texts

_SENTENCE = "The quick brown fox jumps over the lazy dog, and nobody minds. "
_LONG_PROBE_SENTENCES = 48


@dataclass(frozen=True)
class TextQuestion:
    """What is to be classified, and how much of the answer is wanted.

    Attributes:
        text: the text.
        text_pair: the second text, for models that compare two.
        top_k: number of labels, best first; only the best, and not in a list, when None.
        probabilities: whether the probabilities of all classes are wanted.
    """

    text: str
    text_pair: str | None = None
    top_k: int | None = None
    probabilities: bool = False


@dataclass(frozen=True)
class Classification:
    """Probabilities of the classes in the order of the logits, and the question that they answer."""

    question: TextQuestion
    probabilities: tuple[float, ...]


class SequenceClassification:
    """Single-label classification: the softmax of the logits in float32."""

    name: ClassVar[TaskName] = TaskName.SequenceClassification
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    mode: ClassVar[str] = "sequence_classification"
    has_labels: ClassVar[bool] = True

    def __init__(self, configuration: TaskConfiguration) -> None:
        self._configuration = configuration

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits."""
        return self._configuration.labels

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """A text per row, and optionally its pair."""
        return (TensorSpec("text", "BYTES", (-1,)), TensorSpec("text_pair", "BYTES", (-1,), optional=True))

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The best label and its score per row; with the parameter top_k both have a second dimension of that size."""
        return (
            TensorSpec("label", "BYTES", (-1,)),
            TensorSpec("score", "FP32", (-1,)),
            TensorSpec("probabilities", "FP32", (-1, len(self.labels)), optional=True),
        )

    @property
    def probes(self) -> tuple[TextQuestion, ...]:
        """From a single word to more than most models can take, and a pair."""
        return (
            TextQuestion("Good"),
            TextQuestion("I love this movie, it was fantastic!"),
            TextQuestion("It was not what I had hoped for.", "The refund came after three weeks of waiting."),
            TextQuestion("Größe, 東京 and naïve café: 3.14 % 😀"),
            TextQuestion(_SENTENCE * 3),
            TextQuestion(_SENTENCE * _LONG_PROBE_SENTENCES),
        )

    def require_fit(self, configuration: PreTrainedConfig) -> None:
        """Refuse a head with another number of classes than there are labels, or that is not single-label."""
        kind = configuration.problem_type
        if kind not in (None, "single_label_classification") or len(self.labels) == 1:
            raise PreparationFailed(
                FailureReason.UnsupportedArchitecture,
                f"the model is made for {kind or 'a single class'}; only one label of several can be answered.",
            )
        if configuration.num_labels != len(self.labels):
            raise PreparationFailed(
                FailureReason.WeightsMismatch,
                f"the model has {configuration.num_labels} classes, but {len(self.labels)} labels are named.",
            )

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> TextQuestion:
        """Read `text` and `text_pair`, and the parameters `top_k` and `probabilities`."""
        _refuse_unknown("field", fields, ("text", "text_pair"))
        _refuse_unknown("parameter", parameters, ("top_k", "probabilities"))
        if "text" not in fields:
            raise InvalidQuestion("text is missing")
        return TextQuestion(
            text=_text(fields, "text"),
            text_pair=_text(fields, "text_pair") if fields.get("text_pair") is not None else None,
            top_k=self._top_k(parameters.get("top_k")),
            probabilities=_flag(parameters, "probabilities"),
        )

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[TextQuestion]) -> list[Windows]:
        """Tokenize, one window per question, unpadded and cut to the model's limit."""
        rows = [(question.text, question.text_pair) for question in questions]
        return [(encoding,) for encoding in encode_texts(tokenizer, rows, self._configuration.max_length)]

    def decode(
        self, questions: Sequence[TextQuestion], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Classification]:
        """The softmax of each row's logits.

        Raises:
            ArithmeticError: the model answered with numbers that are not finite.
        """
        if not outputs:
            return []
        logits = torch.stack([output["logits"] for (output,) in outputs]).float()
        if not bool(torch.isfinite(logits).all()):
            raise ArithmeticError("the model's logits are not finite")
        rows: list[list[float]] = logits.softmax(dim=-1).tolist()
        return [Classification(question, tuple(row)) for question, row in zip(questions, rows, strict=True)]

    def fields(self, answer: Classification) -> dict[str, Any]:
        """`label` and `score`, lists of them with top_k, and `probabilities` where they are wanted."""
        question, probabilities = answer.question, answer.probabilities
        ranked = sorted(range(len(probabilities)), key=lambda index: -probabilities[index])[: question.top_k or 1]
        labels = [self.labels[index] for index in ranked]
        scores = [probabilities[index] for index in ranked]
        fields: dict[str, Any] = (
            {"label": labels, "score": scores} if question.top_k else {"label": labels[0], "score": scores[0]}
        )
        if question.probabilities:
            fields["probabilities"] = list(probabilities)
        return fields

    def difference(self, reference: Classification, other: Classification) -> float:
        """Largest difference between the probabilities of one class."""
        pairs = zip(reference.probabilities, other.probabilities, strict=True)
        return max(abs(one - another) for one, another in pairs)

    def agree(self, reference: Classification, other: Classification) -> bool:
        """Whether the likeliest label is the same."""
        return self._best(reference.probabilities) == self._best(other.probabilities)

    def preference(self, reference: Classification, other: Classification) -> float:
        """How much likelier the reference's label is than the other's, both as the reference sees them."""
        probabilities = reference.probabilities
        return probabilities[self._best(probabilities)] - probabilities[self._best(other.probabilities)]

    @staticmethod
    def _best(probabilities: Sequence[float]) -> int:
        return max(range(len(probabilities)), key=probabilities.__getitem__)

    def _top_k(self, value: object) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= len(self.labels):
            raise InvalidQuestion(f"top_k must be a whole number from 1 to {len(self.labels)}")
        return value


def _refuse_unknown(kind: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise InvalidQuestion(f"{kind} {name!r} is not known; there are {' and '.join(known)}")


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise InvalidQuestion(f"{name} must be a string")
    return value


def _flag(parameters: Mapping[str, Any], name: str) -> bool:
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise InvalidQuestion(f"{name} must be true or false")
    return value
