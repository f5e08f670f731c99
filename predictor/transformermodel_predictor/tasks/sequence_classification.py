"""Sequence classification: one text, or a pair, to one label, or to all labels that apply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import MULTI_LABEL
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.parameters import (
    Parameter,
    flag,
    number,
    read_parameters,
    refuse_unknown,
    text_field,
    whole,
)
from transformermodel_predictor.tasks.task import Outputs, TensorSpec, Windows
from transformermodel_predictor.tasks.tokenization import encode_texts, require_tokens

_SENTENCE = "The quick brown fox jumps over the lazy dog, and nobody minds. "
_LONG_PROBE_SENTENCES = 48


@dataclass(frozen=True)
class TextQuestion:
    """A text to classify, with the parameters of its answer.

    Attributes:
        text: the text.
        text_pair: the second text, for models that compare two.
        top_k: number of labels to return in a list, best first; None for the best alone, not in a list.
        probabilities: whether to return the probabilities of all classes.
        threshold: least probability of a label that applies, for multi-label models.
    """

    text: str
    text_pair: str | None = None
    top_k: int | None = None
    probabilities: bool = False
    threshold: float = 0.5


@dataclass(frozen=True)
class Classification:
    """Probabilities of the classes in the order of the logits, and the question that they answer."""

    question: TextQuestion
    probabilities: tuple[float, ...]


class SequenceClassification:
    """Scores are the softmax of the logits in float32, or their sigmoid for multi-label models."""

    name: ClassVar[TaskName] = TaskName.SequenceClassification
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    mode: ClassVar[str] = "sequence_classification"
    has_labels: ClassVar[bool] = True

    def __init__(self, configuration: TaskConfiguration) -> None:
        self._configuration = configuration
        self.parameters = _parameters(len(configuration.labels), multi_label=configuration.multi_label)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits."""
        return self._configuration.labels

    @property
    def multi_label(self) -> bool:
        """Whether several labels may apply at once."""
        return self._configuration.multi_label

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """A text per row, and optionally its pair."""
        return (TensorSpec("text", "BYTES", (-1,)), TensorSpec("text_pair", "BYTES", (-1,), optional=True))

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The best label and its score per row; with the parameter top_k both get a second dimension of that size.

        Multi-label models also return the list of the labels that apply.
        """
        best = (TensorSpec("label", "BYTES", (-1,)), TensorSpec("score", "FP32", (-1,)))
        probabilities = TensorSpec("probabilities", "FP32", (-1, len(self.labels)), optional=True)
        if self._configuration.multi_label:
            return (*best, TensorSpec("labels", "BYTES", (-1,), json=True), probabilities)
        return (*best, probabilities)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters that `question` reads."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def probes(self) -> tuple[TextQuestion, ...]:
        """Texts from a single word to more than most models can take, and a pair."""
        return (
            TextQuestion("Good"),
            TextQuestion("I love this movie, it was fantastic!"),
            TextQuestion("It was not what I had hoped for.", "The refund came after three weeks of waiting."),
            TextQuestion("Größe, 東京 and naïve café: 3.14 % 😀"),
            TextQuestion(_SENTENCE * 3),
            TextQuestion(_SENTENCE * _LONG_PROBE_SENTENCES),
        )

    def require_fit(self, configuration: PreTrainedConfig) -> None:
        """Refuse a head with another number of classes than labels, or for another problem type."""
        kind, multi_label = configuration.problem_type, self._configuration.multi_label
        if kind not in ((MULTI_LABEL,) if multi_label else (None, "", "single_label_classification")):
            raise PreparationFailed(
                FailureReason.UnsupportedArchitecture,
                f"the model is made for {kind}, but the task is set up for "
                f"{'multi' if multi_label else 'single'}-label classification.",
            )
        if len(self.labels) == 1 and not multi_label:
            raise PreparationFailed(
                FailureReason.UnsupportedArchitecture,
                "the model has a single class, which is a regression; regressions are not supported.",
            )
        if configuration.num_labels != len(self.labels):
            raise PreparationFailed(
                FailureReason.WeightsMismatch,
                f"the model has {configuration.num_labels} classes, but {len(self.labels)} labels are named.",
            )

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> TextQuestion:
        """Read `text` and `text_pair`, and the parameters."""
        refuse_unknown("field", fields, ("text", "text_pair"))
        return TextQuestion(
            text=text_field(fields, "text"),
            text_pair=text_field(fields, "text_pair") if fields.get("text_pair") is not None else None,
            **read_parameters(parameters, self.parameters),
        )

    def encode(
        self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[TextQuestion], *, aligned: bool = False
    ) -> list[Windows]:
        """Tokenize, one window per question, unpadded and cut to the model's limit; `aligned` adds the alignment.

        Raises:
            InvalidQuestion: a text has no tokens.
        """
        rows = [(question.text, question.text_pair) for question in questions]
        encodings = encode_texts(tokenizer, rows, self._configuration.max_length, aligned=aligned)
        require_tokens(encodings, questions)
        return [(encoding,) for encoding in encodings]

    def decode(
        self, questions: Sequence[TextQuestion], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Classification]:
        """The softmax, or the sigmoid, of each row's logits.

        Raises:
            ArithmeticError: a logit is not finite.
        """
        if not outputs:
            return []
        logits = torch.stack([output["logits"] for (output,) in outputs]).float()
        if not bool(torch.isfinite(logits).all()):
            raise ArithmeticError("the model's logits are not finite")
        probabilities = logits.sigmoid() if self._configuration.multi_label else logits.softmax(dim=-1)
        rows: list[list[float]] = probabilities.tolist()
        return [Classification(question, tuple(row)) for question, row in zip(questions, rows, strict=True)]

    def fields(self, answer: Classification) -> dict[str, Any]:
        """`label` and `score`, both lists with top_k; multi-label models' `labels`; `probabilities` if requested."""
        question, probabilities = answer.question, answer.probabilities
        ranked = sorted(range(len(probabilities)), key=lambda index: -probabilities[index])
        best = ranked[: question.top_k or 1]
        labels, scores = [self.labels[index] for index in best], [probabilities[index] for index in best]
        fields: dict[str, Any] = (
            {"label": labels, "score": scores} if question.top_k else {"label": labels[0], "score": scores[0]}
        )
        if self._configuration.multi_label:
            holding = [index for index in ranked if probabilities[index] >= question.threshold]
            fields["labels"] = [{"label": self.labels[index], "score": probabilities[index]} for index in holding]
        if question.probabilities:
            fields["probabilities"] = list(probabilities)
        return fields

    def difference(self, reference: Classification, other: Classification) -> float:
        """Largest difference between the probabilities of one class."""
        pairs = zip(reference.probabilities, other.probabilities, strict=True)
        return max(abs(one - another) for one, another in pairs)

    def agree(self, reference: Classification, other: Classification) -> bool:
        """Whether the most probable label is the same, or for multi-label models the set of labels that apply."""
        return self._holding(reference) == self._holding(other)

    def preference(self, reference: Classification, other: Classification) -> float:
        """By how much the reference's label is more probable than the other's, both by the reference's probabilities.

        For multi-label models: the largest distance to the threshold of a label that only one of the two returns.
        """
        probabilities, threshold = reference.probabilities, reference.question.threshold
        own, others = self._holding(reference), self._holding(other)
        if self._configuration.multi_label:
            return max((abs(probabilities[index] - threshold) for index in own ^ others), default=0.0)
        return probabilities[min(own)] - probabilities[min(others)]

    def _holding(self, answer: Classification) -> frozenset[int]:
        """The classes returned: the most probable one, or for multi-label models all that reach the threshold."""
        probabilities = answer.probabilities
        if self._configuration.multi_label:
            threshold = answer.question.threshold
            return frozenset(index for index, value in enumerate(probabilities) if value >= threshold)
        return frozenset([max(range(len(probabilities)), key=probabilities.__getitem__)])


def _parameters(labels: int, *, multi_label: bool) -> tuple[Parameter, ...]:
    top_k = Parameter(
        "top_k",
        whole(1, labels),
        None,
        "how many labels to return, best first, as lists in `label` and `score`; when not given, the best one alone",
    )
    probabilities = Parameter(
        "probabilities", flag(), False, "whether to return the probabilities of all classes, in the order of the labels"
    )
    threshold = Parameter("threshold", number(0, 1), 0.5, "lowest probability at which a label holds")
    return (top_k, probabilities, threshold) if multi_label else (top_k, probabilities)
