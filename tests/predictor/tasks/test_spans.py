"""Spans of a context, by hand and against a reference that counts every one of them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.tasks.spans import SpanLogits, WindowLogits, join

NONE = -5.0


def window(start: list[float], end: list[float], before: int = 0, no_answer: float = NONE) -> WindowLogits:
    return WindowLogits(before, torch.tensor(start), torch.tensor(end), no_answer)


def first(spans: SpanLogits, count: int) -> list[tuple[int, int]]:
    return [span for span, _ in zip(spans.best_first(), range(count), strict=False)]


def test_start_and_end_are_chosen_together() -> None:
    """The best start comes after the best end: apart they would give an empty answer."""
    spans = join([window([2.0, 0.0, 5.0], [0.0, 6.0, 1.0])], longest=3)
    assert first(spans, 9) == [(0, 1), (1, 1), (2, 2), (0, 2), (0, 0), (1, 2)]


def test_an_answer_is_not_longer_than_allowed() -> None:
    spans = join([window([9.0, 0.0, 0.0], [1.0, 0.0, 9.0])], longest=2)
    assert first(spans, 1) == [(0, 0)]
    assert set(first(spans, 9)) == {(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)}


def test_scores_are_a_softmax_over_all_spans() -> None:
    spans = join([window([0.0, 0.0], [0.0, math.log(2)], no_answer=math.log(5))], longest=2)
    assert spans.probabilities(with_no_answer=False).tolist() == [
        pytest.approx([1 / 5, 2 / 5]),
        pytest.approx([2 / 5, 0.0]),
    ]
    assert spans.probabilities(with_no_answer=True).tolist() == [
        pytest.approx([1 / 10, 2 / 10]),
        pytest.approx([2 / 10, 0.0]),
    ]
    assert spans.no_answer_probability() == pytest.approx(5 / 10)


def test_a_span_in_two_windows_counts_once_as_the_surer_says() -> None:
    spans = join([window([0.0, 3.0], [0.0, 3.0]), window([1.0, 0.0], [1.0, 0.0], before=1)], longest=1)
    assert first(spans, 9) == [(1, 1), (0, 0), (2, 2)]
    assert spans.band.flatten().tolist() == [0.0, 6.0, 0.0]


def test_there_is_no_answer_only_where_no_window_has_one() -> None:
    assert join([window([0.0], [0.0], no_answer=4.0), window([0.0], [0.0], 1, no_answer=-2.0)], 1).no_answer == -2.0


def test_a_context_without_tokens_has_no_spans() -> None:
    spans = join([window([], [])], longest=3)
    assert first(spans, 1) == []
    assert spans.no_answer_probability() == 1.0


def test_a_model_without_a_token_for_no_answer_never_gives_none() -> None:
    assert join([window([0.0], [0.0], no_answer=-math.inf)], 1).no_answer_probability() == 0.0


def test_spans_of_the_same_score_come_once_each() -> None:
    spans = join([window([0.0] * 300, [0.0] * 300)], longest=3)
    assert sorted(spans.best_first()) == [
        (start, end) for start in range(300) for end in range(start, min(start + 3, 300))
    ]


LOGIT = st.floats(-8, 8, width=16)
ROWS = st.lists(st.tuples(LOGIT, LOGIT), min_size=3, max_size=24)


@given(rows=ROWS, again=ROWS, size=st.integers(2, 9), step=st.integers(1, 9), longest=st.integers(1, 12))
def test_they_are_those_that_counting_finds(
    rows: list[tuple[float, float]], again: list[tuple[float, float]], size: int, step: int, longest: int
) -> None:
    """Windows of `size` tokens, `step` apart; every other one takes its logits from a second list."""
    windows = []
    for number, before in enumerate(range(0, len(rows), min(step, size))):
        source = again if number % 2 and len(again) >= len(rows) else rows
        part = source[before : before + size][: len(rows) - before]
        windows.append(window([start for start, _ in part], [end for _, end in part], before, part[0][0]))

    best: dict[tuple[int, int], float] = {}
    for one in windows:
        for start in range(len(one.start)):
            for end in range(start, min(start + longest, len(one.end))):
                span = (one.before + start, one.before + end)
                best[span] = max(best.get(span, -math.inf), float(one.start[start]) + float(one.end[end]))
    nowhere = min(one.no_answer for one in windows)
    total = math.fsum(math.exp(logit) for logit in [*best.values(), nowhere])

    spans = join(windows, longest)
    probabilities = spans.probabilities(with_no_answer=True)
    found = list(spans.best_first())
    assert sorted(found) == sorted(best)
    assert [best[span] for span in found] == pytest.approx(sorted(best.values(), reverse=True), abs=1e-4)
    for start, end in found:
        assert float(probabilities[start, end - start]) == pytest.approx(math.exp(best[start, end]) / total, abs=1e-5)
    assert spans.no_answer_probability() == pytest.approx(math.exp(nowhere) / total, abs=1e-5)
