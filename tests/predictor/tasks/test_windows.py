"""Windows over texts that are longer than the model."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.task import Alignment, Encoding
from transformermodel_predictor.tasks.tokenization import encode_aligned
from transformermodel_predictor.tasks.windows import alignment_of, best_windows, windows_over

CLS, SEP = -1, -2


def single(length: int) -> Encoding:
    """Token ids from 0, between special ones."""
    tokens = list(range(length))
    return encoding([CLS, *tokens, SEP], [None, *[0] * length, None])


def pair(first: int, second: int) -> Encoding:
    """Token ids from 100 for the first text and from 0 for the second."""
    ids = [CLS, *range(100, 100 + first), SEP, *range(second), SEP]
    return encoding(ids, [None, *[0] * first, None, *[1] * second, None])


def encoding(ids: Sequence[int], texts: Sequence[int | None]) -> Encoding:
    places = [(0, 0) if text is None else (value, value + 1) for value, text in zip(ids, texts, strict=True)]
    words = [None if text is None else value for value, text in zip(ids, texts, strict=True)]
    return Encoding(
        {"input_ids": list(ids), "token_type_ids": [text or 0 for text in texts]},
        alignment=Alignment(texts, places, words, [str(value) for value in ids]),
    )


def ids(windows: Sequence[Encoding]) -> list[list[int]]:
    return [list(window.features["input_ids"]) for window in windows]


def test_what_fits_is_one_window() -> None:
    whole = single(6)
    assert windows_over(whole, 0, limit=8, stride=2) == (whole,)


def test_windows_overlap_and_keep_what_stands_around_the_text() -> None:
    windows = windows_over(single(9), 0, limit=6, stride=1)
    assert ids(windows) == [[CLS, 0, 1, 2, 3, SEP], [CLS, 3, 4, 5, 6, SEP], [CLS, 6, 7, 8, SEP]]
    assert [alignment_of(window).before for window in windows] == [0, 3, 6]
    assert [window.truncated for window in windows] == [0, 0, 0]


@pytest.mark.parametrize("limit", [1, 2])
def test_a_window_without_room_for_a_token_of_the_text_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="at least 1 must be left for it"):
        windows_over(single(4), 0, limit, stride=0)


def test_of_a_pair_only_the_given_text_is_cut() -> None:
    windows = windows_over(pair(2, 5), 1, limit=8, stride=1)
    assert ids(windows) == [[CLS, 100, 101, SEP, 0, 1, 2, SEP], [CLS, 100, 101, SEP, 2, 3, 4, SEP]]
    assert list(windows[1].features["token_type_ids"]) == [0, 0, 0, 0, 1, 1, 1, 0]
    assert list(alignment_of(windows[1]).offsets)[4:7] == [(2, 3), (3, 4), (4, 5)]


def test_a_stride_without_room_is_made_smaller() -> None:
    rows = ids(windows_over(single(8), 0, limit=6, stride=9))
    assert rows == [[CLS, 0, 1, 2, 3, SEP], [CLS, 2, 3, 4, 5, SEP], [CLS, 4, 5, 6, 7, SEP]]


def test_a_question_that_leaves_too_little_room_is_refused() -> None:
    assert len(windows_over(pair(3, 10), 1, limit=8, stride=0)) == 5
    with pytest.raises(ValueError, match="7 tokens stand around the text; of the 8 that the model takes, at least 2 "):
        windows_over(pair(4, 10), 1, limit=8, stride=0)


@given(st.integers(0, 60), st.integers(4, 20), st.integers(0, 25))
def test_every_token_is_in_a_window_and_no_window_is_too_long(length: int, limit: int, stride: int) -> None:
    windows = windows_over(single(length), 0, limit, stride)
    assert all(len(window) <= limit for window in windows)
    assert {value for row in ids(windows) for value in row if value >= 0} == set(range(length))


@given(st.integers(1, 60), st.integers(4, 20), st.integers(0, 25))
def test_each_token_is_taken_from_a_window_that_has_it(length: int, limit: int, stride: int) -> None:
    rows = [[value for value in row if value >= 0] for row in ids(windows_over(single(length), 0, limit, stride))]
    spans = [(row[0], row[-1] + 1) for row in rows]
    best = best_windows(spans)
    assert all(token in rows[window] for token, window in enumerate(best))
    assert best == sorted(best)


def test_a_token_is_taken_from_where_its_poorer_side_is_richest() -> None:
    assert best_windows([(0, 6), (2, 8)]) == [0, 0, 0, 0, 1, 1, 1, 1]
    assert best_windows([(0, 8)]) == [0] * 8


def test_they_are_what_the_tokenizer_makes_itself(tiny_model: LoadedModel) -> None:
    tokenizer = tiny_model.tokenizer
    question, context = "good movie", "i love this movie it was good bad i hate it"
    (whole,) = encode_aligned(tokenizer, [(question, context)])
    expected = tokenizer(
        question, context, truncation="only_second", max_length=10, stride=2, return_overflowing_tokens=True
    )
    windows = windows_over(whole, 1, limit=10, stride=2)
    assert ids(windows) == expected["input_ids"]
    assert [list(window.features["token_type_ids"]) for window in windows] == expected["token_type_ids"]
    assert [list(alignment_of(window).offsets) for window in windows] == [
        details.offsets for details in expected.encodings
    ]
    assert [list(alignment_of(window).words) for window in windows] == [
        details.word_ids for details in expected.encodings
    ]
