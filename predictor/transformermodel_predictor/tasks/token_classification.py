"""Token classification: a text to the entities in it, with their offsets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.spec import TaskName
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.entities import Aggregation, Tagged, TokenPlace, entities_of
from transformermodel_predictor.tasks.parameters import (
    Parameter,
    choice,
    read_parameters,
    refuse_unknown,
    text_field,
    texts,
    whole,
)
from transformermodel_predictor.tasks.places import trimmed
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion, Outputs, TensorSpec, Windows
from transformermodel_predictor.tasks.tokenization import encode_aligned, require_tokens
from transformermodel_predictor.tasks.windows import alignment_of, best_windows, span_of, windows_over

_SENTENCE = "Ada Lovelace met Charles Babbage in London on 5 June 1833. "
_LONG_PROBE_SENTENCES = 40


@dataclass(frozen=True)
class TaggingQuestion:
    """A text to find entities in, with the parameters of its answer.

    Attributes:
        text: the text.
        aggregation: how tokens become entities.
        ignored: labels, or entity types, to leave out.
        stride: tokens by which neighbouring windows overlap if the text is longer than the model.
    """

    text: str
    aggregation: Aggregation = Aggregation.simple
    ignored: tuple[str, ...] = ("O",)
    stride: int = 0


@dataclass(frozen=True, eq=False)
class Tagging:
    """Probabilities of the classes for each token of a text.

    Attributes:
        question: the question that they answer.
        places: offsets of the tokens, without special tokens.
        probabilities: float32 [tokens, classes].
    """

    question: TaggingQuestion
    places: tuple[TokenPlace, ...]
    probabilities: torch.Tensor


class TokenClassification:
    """Scores are the softmax of each token's logits in float32, from the window where the token has most context."""

    name: ClassVar[TaskName] = TaskName.TokenClassification
    auto_class: ClassVar[str] = "AutoModelForTokenClassification"
    mode: ClassVar[str] = "token_classification"
    has_labels: ClassVar[bool] = True

    def __init__(self, configuration: TaskConfiguration) -> None:
        self._configuration = configuration
        self.parameters = _parameters(configuration.max_length)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits."""
        return self._configuration.labels

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """A text per row."""
        return (TensorSpec("text", "BYTES", (-1,)),)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """A list of entities per row."""
        return (TensorSpec("entities", "BYTES", (-1,), json=True),)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters that `question` reads."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def probes(self) -> tuple[TaggingQuestion, ...]:
        """Texts from a single word to several windows; every token is compared, whatever its label."""
        probed = (
            "London",
            "My name is Sarah and I live in London.",
            "Ångström und Größe, 東京 2020, naïve café: 3.14 % 😀 in São Paulo",
            _SENTENCE * 3,
            _SENTENCE * _LONG_PROBE_SENTENCES,
        )
        return tuple(self.question({"text": text}, {}) for text in probed)

    def require_fit(self, configuration: PreTrainedConfig) -> None:
        """Refuse a head with another number of classes than there are labels."""
        if configuration.num_labels != len(self.labels):
            raise PreparationFailed(
                FailureReason.WeightsMismatch,
                f"the model has {configuration.num_labels} classes, but {len(self.labels)} labels are named.",
            )

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> TaggingQuestion:
        """Read `text` and the parameters."""
        refuse_unknown("field", fields, ["text"])
        values = read_parameters(parameters, self.parameters)
        return TaggingQuestion(
            text=text_field(fields, "text"),
            aggregation=values["aggregation_strategy"],
            ignored=values["ignore_labels"],
            stride=values["stride"],
        )

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[TaggingQuestion]) -> list[Windows]:
        """Tokenize; texts longer than the model in windows, so that nothing is lost.

        Raises:
            InvalidQuestion: a text has no tokens, or the model no room for any.
        """
        encodings = encode_aligned(tokenizer, [(question.text, None) for question in questions])
        require_tokens(encodings, questions)
        return [self._windows(question, encoding) for question, encoding in zip(questions, encodings, strict=True)]

    def decode(
        self, questions: Sequence[TaggingQuestion], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Tagging]:
        """The softmax of each token's logits.

        Raises:
            ArithmeticError: a logit is not finite.
        """
        return [
            _tagging(question, parts, [output["logits"] for output in results])
            for question, parts, results in zip(questions, windows, outputs, strict=True)
        ]

    def fields(self, answer: Tagging) -> dict[str, Any]:
        """`entities`, in the order of the text; with the aggregation `none` each has its `token`, too."""
        question = answer.question
        entities = entities_of(answer.places, answer.probabilities, self.labels, question.aggregation)
        kept = [entity for entity in entities if entity.label not in question.ignored]
        return {"entities": [_entity_fields(entity, question) for entity in kept]}

    def difference(self, reference: Tagging, other: Tagging) -> float:
        """Largest difference between the probabilities of one class for one token."""
        if not reference.places:
            return 0.0
        return float((reference.probabilities - other.probabilities).abs().max())

    def agree(self, reference: Tagging, other: Tagging) -> bool:
        """Whether the most probable label of every token is the same."""
        return bool((reference.probabilities.argmax(-1) == other.probabilities.argmax(-1)).all())

    def preference(self, reference: Tagging, other: Tagging) -> float:
        """Largest lead, over all tokens, of the most probable label over the label in the other answer."""
        own = reference.probabilities.max(-1).values
        others = reference.probabilities.gather(-1, other.probabilities.argmax(-1, keepdim=True)).squeeze(-1)
        return float((own - others).max()) if reference.places else 0.0

    def _windows(self, question: TaggingQuestion, encoding: Encoding) -> Windows:
        try:
            return windows_over(encoding, 0, self._configuration.max_length, question.stride)
        except ValueError as error:
            raise InvalidQuestion(f"the text has no room: {error}", question) from error


def _parameters(max_length: int) -> tuple[Parameter, ...]:
    return (
        Parameter(
            "aggregation_strategy",
            choice(Aggregation),
            Aggregation.simple,
            "how tokens become entities: each token by itself (none); neighbours of one kind joined (simple); or whole "
            "words joined, labelled by their first token, the average, or the surest token (first, average, max)",
        ),
        Parameter("ignore_labels", texts(), ("O",), "labels to leave out of the answer"),
        Parameter(
            "stride",
            whole(0, max_length // 2),
            max_length // 4,
            "tokens that neighbouring windows share when a text is longer than the model",
        ),
    )


def _tagging(question: TaggingQuestion, windows: Windows, logits: Sequence[torch.Tensor]) -> Tagging:
    parts = [_content(encoding, values) for encoding, values in zip(windows, logits, strict=True)]
    spans = [(place.before, place.before + len(place.places)) for place in parts]
    if len(parts) == 1:
        places, kept = parts[0].places, parts[0].logits
    else:
        best = list(enumerate(best_windows(spans)))
        places = tuple(parts[window].places[token - spans[window][0]] for token, window in best)
        kept = torch.stack([parts[window].logits[token - spans[window][0]] for token, window in best])
    if not bool(torch.isfinite(kept).all()):
        raise ArithmeticError("the model's logits are not finite")
    return Tagging(question, places, kept.float().softmax(dim=-1))


@dataclass(frozen=True)
class _Content:
    """A window without its special tokens: offsets and logits [tokens, classes]; `before` as in `Alignment`."""

    before: int
    places: tuple[TokenPlace, ...]
    logits: torch.Tensor


def _content(encoding: Encoding, logits: torch.Tensor) -> _Content:
    alignment = alignment_of(encoding)
    begin, end = span_of(alignment, 0)
    tokens = range(begin, end)
    places = (TokenPlace(*alignment.offsets[at], alignment.words[at], alignment.tokens[at]) for at in tokens)
    return _Content(alignment.before, tuple(places), logits[begin:end])


def _entity_fields(entity: Tagged, question: TaggingQuestion) -> dict[str, Any]:
    start, end = trimmed(question.text, entity.start, entity.end)
    fields = {
        "entity": entity.label,
        "score": entity.score,
        "start": start,
        "end": end,
        "text": question.text[start:end],
    }
    return fields | ({"token": entity.spelling} if question.aggregation is Aggregation.none else {})
