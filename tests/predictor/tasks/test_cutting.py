import pytest

from transformermodel_predictor.tasks.cutting import kept_positions


def lengths(first: int, second: int, max_length: int) -> tuple[int, int]:
    texts = [0] * first + [1] * second
    kept = kept_positions(texts, max_length)
    return sum(texts[position] == 0 for position in kept), sum(texts[position] == 1 for position in kept)


def test_special_tokens_stay_and_of_the_text_its_beginning() -> None:
    assert kept_positions([None, 0, 0, 0, 0, None], 4) == [0, 1, 2, 5]


def test_or_its_end() -> None:
    assert kept_positions([None, 0, 0, 0, 0, None], 4, from_end=True) == [0, 3, 4, 5]


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [(3, 4, (3, 4)), (2, 50, (2, 7)), (50, 2, (7, 2)), (50, 60, (4, 5)), (60, 50, (5, 4)), (50, 50, (4, 5))],
)
def test_a_pair_loses_tokens_from_whichever_text_is_longer(first: int, second: int, left: tuple[int, int]) -> None:
    assert lengths(first, second, 9) == left


def test_where_special_tokens_fill_the_model_nothing_else_is_kept() -> None:
    assert kept_positions([None, 0, None, 1, None], 2) == [0, 2, 4]
