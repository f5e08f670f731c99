"""The judgement of explanations, on models whose right explanation is known."""

from collections.abc import Sequence

import pytest

from tests.predictor.explanations.by_hand import PAD, Formula, target
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.faithfulness import Areas, Faithfulness, judge, ranking
from transformermodel_predictor.explanations.game import MOST_ROWS, Game

GOOD, DULL = 10, 11
FOUR_WORDS = Game(target([[DULL], [GOOD, DULL], [DULL], [DULL]]), PAD)


def probability(tokens: Sequence[int]) -> float:
    """Certain with the good word, undecided without."""
    return 1.0 if GOOD in tokens else 0.5


def judged(values: Sequence[float]) -> Faithfulness:
    return drive(judge(FOUR_WORDS, values, orders=200), Formula(probability))


def test_the_order_is_that_of_the_sums_over_a_words_tokens() -> None:
    assert ranking(FOUR_WORDS, [9.0, 1, 1, 1, -2, 1.5, 9]) == [1, 3, 0, 2]


def test_the_areas_of_the_right_explanation() -> None:
    """The probability changes with the first of four words: half of the first quarter of the axis is lost."""
    explained = judged([0, 0, 1, 0, 0, 0, 0]).explained
    assert explained == Areas(deletion=pytest.approx(0.5 + 0.5 / 8), insertion=pytest.approx(1 - 0.5 / 8))


def test_random_orders_find_the_word_in_the_middle_on_average() -> None:
    random = judged([0, 0, 1, 0, 0, 0, 0]).random
    assert random == Areas(deletion=pytest.approx(0.75, abs=0.05), insertion=pytest.approx(0.75, abs=0.05))


def test_right_is_better_than_random_and_wrong_is_worse() -> None:
    assert judged([0, 0, 1, 0, 0, 0, 0]).gain == pytest.approx(0.1875, abs=0.05)
    assert judged([0, 0, -1, 0, 0, 0, 0]).gain == pytest.approx(-0.1875, abs=0.05)


def test_few_rows_are_asked_for_at_once_and_none_twice() -> None:
    engine = Formula(probability)
    drive(judge(Game(target([[20 + word] for word in range(30)]), PAD), [0.0] * 32), engine)
    assert max(map(len, engine.steps)) <= MOST_ROWS
    asked = [tuple(encoding.features["input_ids"]) for step in engine.steps for encoding in step]
    assert len(asked) == len(set(asked))


def test_a_text_without_words_is_neither_better_nor_worse() -> None:
    assert drive(judge(Game(target([]), PAD), [0.0, 0.0]), Formula(probability)).gain == 0
