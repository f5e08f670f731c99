import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.engines.packed.shares import Share, rejoined, shares


@pytest.mark.parametrize(
    ("lengths", "cores", "expected"),
    [
        pytest.param([60, 70, 65, 68], 2, [(1, 0), (3, 2)], id="even shares"),
        pytest.param([100], 2, [(0,)], id="one text"),
        pytest.param([30, 40], 2, [(0, 1)], id="too few tokens"),
        pytest.param([250, 70], 2, [(0, 1)], id="one would wait for the other"),
        pytest.param([90, 90, 90, 90], 4, [(0,), (1,), (2,), (3,)], id="a text each"),
        pytest.param([50, 50, 50, 50], 4, [(0, 1, 2, 3)], id="too few for all cores"),
        pytest.param([60, 70, 65, 68], 1, [(0, 1, 2, 3)], id="one core"),
    ],
)
def test_texts_are_shared_out_where_it_pays(lengths: list[int], cores: int, expected: list[Share]) -> None:
    assert shares(lengths, cores) == expected


@given(st.lists(st.integers(1, 300), min_size=1, max_size=40), st.integers(1, 8))
def test_each_text_is_in_one_share_and_found_again_in_its_place(lengths: list[int], cores: int) -> None:
    parts = shares(lengths, cores)
    assert 1 <= len(parts) <= cores
    assert rejoined(parts, [[lengths[index] for index in part] for part in parts]) == lengths
