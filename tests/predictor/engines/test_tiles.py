from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.engines.tiles import Tiles, filled_up, rounded_down, rounded_up, tile_of


@given(st.integers(1, 100_000), st.sampled_from([1, 4, 16]))
def test_round_totals_are_near(total: int, tile: int) -> None:
    filled = rounded_up(total, tile)
    assert 0 <= filled - total < max(tile, total / 16)
    assert filled % tile == 0
    assert rounded_up(filled, tile) == filled


@given(st.integers(1, 100_000), st.sampled_from([1, 4, 16]))
def test_what_is_rounded_down_is_the_largest_of_them_that_fits(total: int, tile: int) -> None:
    filled = rounded_down(total, tile)
    assert 0 <= total - filled < max(tile, total / 16)
    assert rounded_up(filled, tile) == filled
    assert rounded_up(filled + 1, tile) > total


@pytest.mark.parametrize(("tile", "totals"), [(4, 112), (16, 80)])
def test_round_totals_are_few(tile: int, totals: int) -> None:
    assert len({rounded_up(total, tile) for total in range(1, 4097)}) == totals


@pytest.mark.parametrize(("dtype", "tile"), [(torch.float32, 4), (torch.bfloat16, 16), (torch.float16, 16)])
def test_tiles_are_larger_where_numbers_are_shorter(dtype: torch.dtype, tile: int) -> None:
    assert tile_of(dtype) == tile


@pytest.mark.parametrize(
    ("length", "filled"), [(1, 16), (16, 16), (17, 32), (511, 512), (600, 608), (992, 992), (993, 1000), (1200, 1200)]
)
def test_rows_are_filled_up_to_whole_tiles_but_never_beyond_what_the_model_takes(length: int, filled: int) -> None:
    assert Tiles(16, longest=1000).around(3, length) == (3, filled)


def test_steps_have_a_tenth_of_the_numbers_of_tokens() -> None:
    """For each of them each linear is compiled."""
    batches = list(product(range(1, 9), range(1, 513)))
    filled = [Tiles(16, longest=512).around(*batch) for batch in batches]
    assert len({length for _, length in filled}) == 32
    assert len({rows * length for rows, length in filled}) < len({rows * length for rows, length in batches}) / 10


@pytest.mark.parametrize(("most", "filled"), [(None, 32), (40, 32), (20, 20), (5, 17)])
def test_what_a_model_takes_at_most_may_be_unlimited(most: int | None, filled: int) -> None:
    assert filled_up(17, 16, most) == filled
