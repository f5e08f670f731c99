from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.engines.packed.runs import runs_of


@given(st.lists(st.integers(1, 100), min_size=1, max_size=12).map(sorted))
def test_neighbours_of_one_length_go_together_and_runs_cover_the_row(lengths: list[int]) -> None:
    runs = runs_of(tuple(lengths))
    assert [run.length for run in runs for _ in range(run.count)] == lengths
    assert len(runs) == len(set(lengths))
    assert [token for run in runs for token in range(run.start, run.stop)] == list(range(sum(lengths)))
