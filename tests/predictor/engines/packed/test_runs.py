import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.engines.packed.runs import Run, runs_of


@given(st.lists(st.integers(1, 100), min_size=1, max_size=12).map(sorted))
def test_neighbours_of_one_length_go_together_and_runs_cover_the_row(lengths: list[int]) -> None:
    runs = runs_of(tuple(lengths))
    assert [run.length for run in runs for _ in range(run.count)] == lengths
    assert len(runs) == len(set(lengths))
    assert [token for run in runs for token in range(run.start, run.stop)] == list(range(sum(lengths)))


@pytest.mark.parametrize(
    ("total", "keys"),
    [
        pytest.param(100, 32, id="of its neighbour"),
        pytest.param(62, 32, id="to the end"),
        pytest.param(61, 30, id="none"),
    ],
)
def test_keys_are_made_round_by_what_lies_behind(total: int, keys: int) -> None:
    assert Run(start=0, length=30, count=2).keys(16, total) == keys


def test_a_round_number_of_keys_is_enough() -> None:
    assert Run(start=0, length=32, count=1).keys(16, 100) == 32
