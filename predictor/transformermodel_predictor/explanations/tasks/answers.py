"""Which answer to a question a client wants to have explained, and where its tokens are. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from transformermodel_predictor.explanations.tasks.holding import spans_of
from transformermodel_predictor.explanations.wanted import EVERYTHING, is_whole, parsed, place_in, refused, shown
from transformermodel_predictor.tasks.places import trimmed
from transformermodel_predictor.tasks.question_answering import Extraction, QuestionAnswering
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, Windows
from transformermodel_predictor.tasks.windows import alignment_of, span_of

_CONTEXT = 1
_MOST_ANSWERS = 100
_NEAR = 8
"""How many tokens around an answer's first and last are looked at: those of its characters' bytes, and of space."""

Place = tuple[int, int]


@dataclass(frozen=True)
class Located:
    """An answer in a window.

    Attributes:
        window: number of the window.
        first: position of its first token there.
        last: position of its last token there.
        start_score: the probability that the answer starts there.
        end_score: the probability that it ends there.
        score: the probability of both.
    """

    window: int
    first: int
    last: int
    start_score: float
    end_score: float
    score: float


def wanted_place(task: QuestionAnswering, answer: Extraction, wanted: object) -> Place | None:
    """The part of the context that is wanted as the answer; None where it is that there is no answer.

    Raises:
        InvalidQuestion: it is no part of the context, and no number of an answer.
    """
    named = named_answer(answer.question.context, wanted)
    if isinstance(named, str):
        return _of_text(answer, named)
    return _of_best(task, answer, named) if isinstance(named, int) else named


def named_answer(context: str, wanted: object) -> str | int | Place:
    """What a client names: a part of the context as text, an answer by its number, or a place in the context.

    Raises:
        InvalidQuestion: it is none of these, whatever the model answers.
    """
    if wanted is None or wanted == EVERYTHING:
        return 0
    if isinstance(wanted, str) and wanted in context:
        return wanted
    value = parsed(wanted)
    if isinstance(value, str) and value in context:
        return value
    if isinstance(value, int) and is_whole(value) and 0 <= value < _MOST_ANSWERS:
        return value
    place = place_in(value, context)
    place = trimmed(context, *place) if place else None
    if place is None or place[0] == place[1]:
        raise refused(
            wanted,
            f"the best answers by their number from 0 to {_MOST_ANSWERS - 1}, as far as there are so many, "
            f'and parts of the context, as text or as {{"start": 0, "end": {len(context)}}}',
        )
    return place


def locate(answer: Extraction, windows: Windows, outputs: Sequence[Outputs], place: Place) -> Located:
    """The tokens of a part of the context, in the window that is surest that they are the answer.

    Raises:
        InvalidQuestion: no window has all of it, or it has no token.
    """
    pairs = list(_token_pairs(answer, place))
    if not pairs:
        raise InvalidQuestion(f"the model sees no token in the context from {place[0]} to {place[1]}")
    width = answer.logits.band.shape[1]
    found: list[tuple[bool, float, Located]] = []
    for window, (begin, end) in enumerate(spans_of(windows, _CONTEXT)):
        shift = span_of(alignment_of(windows[window]), _CONTEXT)[0] - begin
        starts, ends = (outputs[window][name] for name in ("start_logits", "end_logits"))
        for first, last in pairs:
            if begin <= first and last < end:
                logit = float(starts[first + shift]) + float(ends[last + shift])
                located = Located(window, first + shift, last + shift, *_scores(answer, first, last))
                found.append((last - first < width, logit, located))
    if not found:
        raise InvalidQuestion(
            f"the answer from {place[0]} to {place[1]} is longer than what the model reads at once; name a shorter one"
        )
    return max(found, key=lambda candidate: candidate[:2])[2]


def locate_nowhere(answer: Extraction, windows: Windows, outputs: Sequence[Outputs]) -> Located | None:
    """The special token that stands for there being no answer, in the window that is least sure of that.

    So it is that window's that decides, as there is no answer only where no window has one. None where the model has no
    such token.
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
    return Located(window, at, at, score, score, score)


def _special_end(windows: Windows) -> int | None:
    texts = alignment_of(windows[0]).texts
    if texts[0] is None:
        return 0
    return -1 if texts[-1] is None else None


def _of_best(task: QuestionAnswering, answer: Extraction, number: int) -> Place | None:
    """The place of one of the best answers; None where it is that there is none.

    Raises:
        InvalidQuestion: there are not so many.
    """
    asked = replace(answer.question, answers=number + 1)
    best = task.fields(replace(answer, question=asked))["answers"]
    if number >= len(best):
        raise InvalidQuestion(f"target {shown(number)} is not there; there are answers from 0 to {len(best) - 1}")
    start, end = best[number]["start"], best[number]["end"]
    return (start, end) if start < end else None


def _of_text(answer: Extraction, text: str) -> Place | None:
    """Where a text stands in the context: of several places, the likeliest."""
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
    """First and last tokens that an answer at a place may have.

    There are several where the first or the last character has several tokens, or where space beside it has its own.
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
    """The probabilities of an answer that starts with a token, of one that ends with a token, and of both."""
    probabilities = answer.logits.probabilities(with_no_answer=answer.question.allow_no_answer)
    width = probabilities.shape[1]
    starts = torch.arange(max(0, last - width + 1), last + 1)
    both = float(probabilities[first, last - first]) if last - first < width else 0.0
    return float(probabilities[first].sum()), float(probabilities[starts, last - starts].sum()), both
