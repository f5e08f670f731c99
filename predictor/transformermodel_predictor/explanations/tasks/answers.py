"""The answer to a question that a client wants explained, and its tokens. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from transformermodel_predictor.explanations.target_syntax import (
    EVERYTHING,
    abbreviated,
    is_integer,
    parse_literal,
    parse_span,
    unknown_target,
)
from transformermodel_predictor.explanations.tasks.window_choice import window_spans
from transformermodel_predictor.tasks.places import trimmed
from transformermodel_predictor.tasks.question_answering import Extraction, QuestionAnswering
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, Windows
from transformermodel_predictor.tasks.windows import alignment_of, span_of

_CONTEXT = 1
_MOST_ANSWERS = 100
_NEAR = 8
"""Tokens to search around an answer's first and last: a character may have several byte tokens, whitespace its own."""

Place = tuple[int, int]
"""Start and end in the context, in code points."""


@dataclass(frozen=True)
class LocatedAnswer:
    """The tokens of an answer in one window.

    Attributes:
        window: index of the window.
        first: position of the answer's first token in the window.
        last: position of its last token in the window.
        start_score: probability that the answer starts at the first token.
        end_score: probability that it ends at the last token.
        score: probability of both.
    """

    window: int
    first: int
    last: int
    start_score: float
    end_score: float
    score: float


def requested_span(task: QuestionAnswering, answer: Extraction, requested: object) -> Place | None:
    """The requested answer as a span of the context; None for the answer that there is none.

    Raises:
        InvalidQuestion: the request is neither a part of the context nor the number of an answer.
    """
    named = parse_answer(answer.question.context, requested)
    if isinstance(named, str):
        return _of_text(answer, named)
    return _of_best(task, answer, named) if isinstance(named, int) else named


def parse_answer(context: str, requested: object) -> str | int | Place:
    """Parse a requested answer: a part of the context as text, an answer by its number, or a span of the context.

    Raises:
        InvalidQuestion: it is none of these, whatever the model answers.
    """
    if requested is None or requested == EVERYTHING:
        return 0
    if isinstance(requested, str) and requested in context:
        return requested
    value = parse_literal(requested)
    if isinstance(value, str) and value in context:
        return value
    if isinstance(value, int) and is_integer(value) and 0 <= value < _MOST_ANSWERS:
        return value
    place = parse_span(value, context)
    place = trimmed(context, *place) if place else None
    if place is None or place[0] == place[1]:
        raise unknown_target(
            requested,
            f"the best answers by their number from 0 to {_MOST_ANSWERS - 1}, as far as there are so many, "
            f'and parts of the context, as text or as {{"start": 0, "end": {len(context)}}}',
        )
    return place


def locate_answer(answer: Extraction, windows: Windows, outputs: Sequence[Outputs], place: Place) -> LocatedAnswer:
    """The tokens of a span of the context, in the window with the highest logits for that answer.

    Raises:
        InvalidQuestion: no window contains the whole span, or it has no token.
    """
    pairs = list(_token_pairs(answer, place))
    if not pairs:
        raise InvalidQuestion(f"the model sees no token in the context from {place[0]} to {place[1]}")
    width = answer.logits.band.shape[1]
    candidates: list[tuple[bool, float, LocatedAnswer]] = []
    for window, (begin, end) in enumerate(window_spans(windows, _CONTEXT)):
        shift = span_of(alignment_of(windows[window]), _CONTEXT)[0] - begin
        starts, ends = (outputs[window][name] for name in ("start_logits", "end_logits"))
        for first, last in pairs:
            if begin <= first and last < end:
                logit = float(starts[first + shift]) + float(ends[last + shift])
                located = LocatedAnswer(window, first + shift, last + shift, *_scores(answer, first, last))
                candidates.append((last - first < width, logit, located))
    if not candidates:
        raise InvalidQuestion(
            f"the answer from {place[0]} to {place[1]} is longer than what the model reads at once; name a shorter one"
        )
    return max(candidates, key=lambda candidate: candidate[:2])[2]


def locate_no_answer(answer: Extraction, windows: Windows, outputs: Sequence[Outputs]) -> LocatedAnswer | None:
    """The special token that stands for no answer, in the window with the lowest logits for it; None if there is none.

    That window decides: there is no answer only if no window has one.
    """
    position = _special_end(windows)
    if position is None:
        return None

    def logit(window: int) -> float:
        row = outputs[window]
        at = position if position >= 0 else len(windows[window]) - 1
        return float(row["start_logits"][at]) + float(row["end_logits"][at])

    window = min(range(len(windows)), key=logit)
    at = position if position >= 0 else len(windows[window]) - 1
    score = answer.logits.no_answer_probability()
    return LocatedAnswer(window, at, at, score, score, score)


def _special_end(windows: Windows) -> int | None:
    texts = alignment_of(windows[0]).texts
    if texts[0] is None:
        return 0
    return -1 if texts[-1] is None else None


def _of_best(task: QuestionAnswering, answer: Extraction, number: int) -> Place | None:
    """The span of the n-th best answer, from 0; None for the answer that there is none.

    Raises:
        InvalidQuestion: there are not that many answers.
    """
    asked = replace(answer.question, answers=number + 1)
    best = task.fields(replace(answer, question=asked))["answers"]
    if number >= len(best):
        raise InvalidQuestion(f"target {abbreviated(number)} is not there; there are answers from 0 to {len(best) - 1}")
    start, end = best[number]["start"], best[number]["end"]
    return (start, end) if start < end else None


def _of_text(answer: Extraction, text: str) -> Place | None:
    """The span of a text in the context; of several occurrences, the most likely answer."""
    if not text.strip():
        return None
    context, offsets = answer.question.context, answer.offsets
    text = text.strip()
    if context.count(text) > 1:
        for first, last in answer.logits.best_first():
            place = trimmed(context, offsets[first][0], offsets[last][1])
            if context[slice(*place)] == text:
                return place
    start = context.index(text)
    return start, start + len(text)


def _token_pairs(answer: Extraction, place: Place) -> Iterator[tuple[int, int]]:
    """The possible pairs of first and last token of a span.

    There are several if the first or last character has several tokens, or if the whitespace beside it has its own.
    """
    context, offsets = answer.question.context, answer.offsets
    touched = [number for number, (start, end) in enumerate(offsets) if start < place[1] and place[0] < end]
    if not touched:
        return
    first, last = touched[0], touched[-1]
    begin, end = trimmed(context, offsets[first][0], offsets[last][1])
    for one in range(max(0, first - _NEAR), min(last, first + _NEAR) + 1):
        if trimmed(context, offsets[one][0], offsets[last][1])[0] != begin:
            continue
        for another in range(max(one, last - _NEAR), min(len(offsets) - 1, last + _NEAR) + 1):
            if trimmed(context, offsets[one][0], offsets[another][1])[1] == end:
                yield one, another


def _scores(answer: Extraction, first: int, last: int) -> tuple[float, float, float]:
    """The probabilities that an answer starts with one token, that it ends with the other, and of both."""
    probabilities = answer.logits.probabilities(with_no_answer=answer.question.allow_no_answer)
    width = probabilities.shape[1]
    starts = torch.arange(max(0, last - width + 1), last + 1)
    both = float(probabilities[first, last - first]) if last - first < width else 0.0
    return float(probabilities[first].sum()), float(probabilities[starts, last - starts].sum()), both
