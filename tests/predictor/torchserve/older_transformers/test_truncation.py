"""Cutting one text or two."""

import pytest

from transformermodel_predictor.torchserve.older_transformers.truncation import truncated


@pytest.mark.parametrize(
    ("strategy", "side", "over", "expected"),
    [
        ("longest_first", "right", 0, ([1, 2, 3], [4, 5])),
        ("longest_first", "right", 1, ([1, 2], [4, 5])),
        ("longest_first", "right", 2, ([1, 2], [4])),
        ("longest_first", "left", 3, ([3], [5])),
        ("only_first", "right", 2, ([1], [4, 5])),
        ("only_second", "right", 1, ([1, 2, 3], [4])),
        ("only_second", "right", 9, ([1, 2, 3], [])),
    ],
)
def test_tokens_are_taken_where_the_strategy_says(
    strategy: str, side: str, over: int, expected: tuple[list[int], list[int]]
) -> None:
    assert truncated([1, 2, 3], [4, 5], over, strategy, side) == expected


def test_a_text_without_a_pair_is_cut_alone() -> None:
    assert truncated([1, 2, 3], None, 2, "longest_first", "right") == ([1], None)
