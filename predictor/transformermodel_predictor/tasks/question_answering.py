"""Question answering: a question and a context to the part of the context that answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.spec import TaskName
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.parameters import (
    Parameter,
    flag,
    read_parameters,
    refuse_unknown,
    text_field,
    whole,
)
from transformermodel_predictor.tasks.places import trimmed
from transformermodel_predictor.tasks.spans import SpanLogits, WindowLogits, join
from transformermodel_predictor.tasks.task import Alignment, Encoding, InvalidQuestion, Outputs, TensorSpec, Windows
from transformermodel_predictor.tasks.tokenization import encode_aligned
from transformermodel_predictor.tasks.windows import alignment_of, span_of, windows_over

_CONTEXT = 1
"""Index of the context among the two texts of an encoding."""
_LOGITS = 2
_MOST_ANSWERS = 100
_ANSWERS = 3
_LONGEST_ANSWER = 30
_SENTENCE = "Ada Lovelace met Charles Babbage in London on 5 June 1833. "
_LONG_PROBE_SENTENCES = 40


@dataclass(frozen=True)
class ContextQuestion:
    """A question about a context, with the parameters of its answer.

    Attributes:
        question: the question.
        context: the text that holds the answer.
        answers: length of the list of best answers, returned beside the best one; 0 for no list.
        longest: most tokens of an answer.
        stride: tokens by which neighbouring windows overlap if the context is longer than the model.
        allow_no_answer: whether the answer may be empty.
        no_answer_score: whether to return the probability that there is no answer.
    """

    question: str
    context: str
    answers: int
    longest: int
    stride: int
    allow_no_answer: bool
    no_answer_score: bool


@dataclass(frozen=True)
class Span:
    """A part of the context, empty for no answer: its probability, and its offsets, the end exclusive."""

    score: float
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Extraction:
    """The logits of all spans of a context.

    Attributes:
        question: the question that they answer.
        offsets: start and end of each of the context's tokens, in Unicode code points.
        logits: the logits of the spans of tokens.
    """

    question: ContextQuestion
    offsets: tuple[tuple[int, int], ...]
    logits: SpanLogits


class QuestionAnswering:
    """Extractive question answering: scores are the softmax in float32 over all spans of at most `longest` tokens."""

    name: ClassVar[TaskName] = TaskName.QuestionAnswering
    auto_class: ClassVar[str] = "AutoModelForQuestionAnswering"
    mode: ClassVar[str] = "question_answering"
    has_labels: ClassVar[bool] = False

    def __init__(self, configuration: TaskConfiguration) -> None:
        self._configuration = configuration
        self.parameters = _parameters(configuration.max_length)

    @property
    def labels(self) -> tuple[str, ...]:
        """Empty: an answer is not a class."""
        return ()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """A question and its context per row."""
        return (TensorSpec("question", "BYTES", (-1,)), TensorSpec("context", "BYTES", (-1,)))

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The best answer per row with its score and offsets; on request further ones and the no-answer score."""
        return (
            TensorSpec("answer", "BYTES", (-1,)),
            TensorSpec("score", "FP32", (-1,)),
            TensorSpec("start", "INT64", (-1,)),
            TensorSpec("end", "INT64", (-1,)),
            TensorSpec("no_answer_score", "FP32", (-1,), optional=True),
            TensorSpec("answers", "BYTES", (-1,), optional=True, json=True),
        )

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters that `question` reads."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def probes(self) -> tuple[ContextQuestion, ...]:
        """Contexts from a single word to several windows."""
        probed = (
            ("Where?", "London"),
            ("Where do I live?", "My name is Sarah and I live in London."),
            ("Was kostet der Kaffee in 東京?", "Ein naïver Kaffee 😀 kostet in São Paulo 3.14 € und in 東京 500 ¥."),
            ("Who met Charles Babbage?", _SENTENCE * 3),
            ("When did Ada Lovelace meet Charles Babbage?", _SENTENCE * _LONG_PROBE_SENTENCES),
        )
        return tuple(self.question({"question": question, "context": context}, {}) for question, context in probed)

    def require_fit(self, configuration: PreTrainedConfig) -> None:
        """Refuse a head without exactly two logits per token, for start and end."""
        if configuration.num_labels != _LOGITS:
            raise PreparationFailed(
                FailureReason.WeightsMismatch,
                f"the model has {configuration.num_labels} classes, but answers have a start and an end.",
            )

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> ContextQuestion:
        """Read `question`, `context` and the parameters."""
        refuse_unknown("field", fields, ["question", "context"])
        values = read_parameters(parameters, self.parameters)
        question = ContextQuestion(
            question=text_field(fields, "question"),
            context=text_field(fields, "context"),
            answers=values["top_k"] or (_ANSWERS if values["answers"] else 0),
            longest=values["max_answer_length"],
            stride=values["stride"],
            allow_no_answer=values["allow_no_answer"],
            no_answer_score=values["no_answer_score"],
        )
        for name in ("question", "context"):
            if not getattr(question, name).strip():
                raise InvalidQuestion(f"{name} is empty")
        return question

    def encode(self, tokenizer: PreTrainedTokenizerBase, questions: Sequence[ContextQuestion]) -> list[Windows]:
        """Tokenize question and context together; long contexts in windows, each with the whole question.

        Raises:
            InvalidQuestion: a question is so long that it leaves too little room for the context.
        """
        encodings = encode_aligned(tokenizer, [(question.question, question.context) for question in questions])
        return [self._windows(question, encoding) for question, encoding in zip(questions, encodings, strict=True)]

    def decode(
        self, questions: Sequence[ContextQuestion], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Extraction]:
        """Merge the start and end logits of each question's windows.

        Raises:
            ArithmeticError: a logit is not finite.
        """
        return [
            Extraction(
                question=question,
                offsets=_offsets(parts),
                logits=join([_logits(*window) for window in zip(parts, results, strict=True)], question.longest),
            )
            for question, parts, results in zip(questions, windows, outputs, strict=True)
        ]

    def fields(self, answer: Extraction) -> dict[str, Any]:
        """`answer`, `score`, `start` and `end`; if requested also `answers` and `no_answer_score`."""
        question = answer.question
        spans = _best_spans(answer, max(question.answers, 1))
        answers = [_answer_fields(span, question.context) for span in spans]
        fields = dict(answers[0])
        if question.answers:
            fields["answers"] = answers
        if question.no_answer_score:
            fields["no_answer_score"] = answer.logits.no_answer_probability()
        return fields

    def difference(self, reference: Extraction, other: Extraction) -> float:
        """Largest difference between the probabilities of one span."""
        one, another = (answer.logits.probabilities(with_no_answer=True) for answer in (reference, other))
        return float((one - another).abs().max()) if one.numel() else 0.0

    def agree(self, reference: Extraction, other: Extraction) -> bool:
        """Whether the best answer is the same part of the context."""
        (one,), (another,) = _best_spans(reference, 1), _best_spans(other, 1)
        return (one.start, one.end) == (another.start, another.end)

    def preference(self, reference: Extraction, other: Extraction) -> float:
        """How much likelier the best span is than the other answer's."""
        probabilities = reference.logits.probabilities(with_no_answer=True)
        own, another = (next(answer.logits.best_first(), None) for answer in (reference, other))
        return _probability(probabilities, own) - _probability(probabilities, another)

    def _windows(self, question: ContextQuestion, encoding: Encoding) -> Windows:
        try:
            return windows_over(encoding, _CONTEXT, self._configuration.max_length, question.stride)
        except ValueError as error:
            raise InvalidQuestion(f"the question is too long: {error}", question) from error


def _parameters(max_length: int) -> tuple[Parameter, ...]:
    return (
        Parameter(
            "top_k",
            whole(1, _MOST_ANSWERS),
            None,
            "how many answers the output `answers` has, best first; setting it asks for that output",
        ),
        Parameter("answers", flag(), False, f"whether to return the best answers, {_ANSWERS} unless top_k is set"),
        Parameter(
            "max_answer_length", whole(1, max_length), min(_LONGEST_ANSWER, max_length), "longest answer, in tokens"
        ),
        Parameter("allow_no_answer", flag(), False, "whether the answer is empty if that is likeliest"),
        Parameter("no_answer_score", flag(), False, "whether to return the probability that there is no answer"),
        Parameter(
            "stride",
            whole(0, max_length // 2),
            max_length // 4,
            "tokens that neighbouring windows share when a context is longer than the model",
        ),
    )


def _logits(encoding: Encoding, outputs: Outputs) -> WindowLogits:
    """The start and end logits of the context's tokens in one window."""
    alignment = alignment_of(encoding)
    begin, end = span_of(alignment, _CONTEXT)
    start_logits, end_logits = (outputs[name][: len(encoding)].float() for name in ("start_logits", "end_logits"))
    if not bool(torch.isfinite(start_logits).all() and torch.isfinite(end_logits).all()):
        raise ArithmeticError("the model's logits are not finite")
    no_answer = _no_answer_position(alignment)
    return WindowLogits(
        before=alignment.before,
        start=start_logits[begin:end],
        end=end_logits[begin:end],
        no_answer=-torch.inf if no_answer is None else float(start_logits[no_answer] + end_logits[no_answer]),
    )


def _no_answer_position(alignment: Alignment) -> int | None:
    """Position of the special token that stands for no answer: the first, such as [CLS], or else the last."""
    if alignment.texts[0] is None:
        return 0
    return len(alignment.texts) - 1 if alignment.texts[-1] is None else None


def _offsets(windows: Windows) -> tuple[tuple[int, int], ...]:
    """Start and end of each of the context's tokens, collected from all windows."""
    offsets: list[tuple[int, int]] = []
    for encoding in windows:
        alignment = alignment_of(encoding)
        begin, end = span_of(alignment, _CONTEXT)
        offsets += alignment.offsets[begin + len(offsets) - alignment.before : end]
    return tuple(offsets)


def _best_spans(answer: Extraction, count: int) -> list[Span]:
    """The most probable parts of the context, each once, and no answer among them if allowed; at least one."""
    question, logits = answer.question, answer.logits
    probabilities = logits.probabilities(with_no_answer=question.allow_no_answer)
    spans: dict[tuple[int, int], Span] = {}
    for first, last in logits.best_first():
        offsets = trimmed(question.context, answer.offsets[first][0], answer.offsets[last][1])
        if offsets[0] < offsets[1]:
            spans.setdefault(offsets, Span(_probability(probabilities, (first, last)), *offsets))
        if len(spans) == count:
            break
    if question.allow_no_answer or not spans:
        spans[0, 0] = Span(logits.no_answer_probability(), 0, 0)
    return sorted(spans.values(), key=lambda span: -span.score)[:count]


def _probability(probabilities: torch.Tensor, span: tuple[int, int] | None) -> float:
    return 0.0 if span is None else float(probabilities[span[0], span[1] - span[0]])


def _answer_fields(span: Span, context: str) -> dict[str, Any]:
    return {"answer": context[span.start : span.end], "score": span.score, "start": span.start, "end": span.end}
