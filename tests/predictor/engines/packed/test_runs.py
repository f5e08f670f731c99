import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.engines.packed.runs import Run, runs_of


@pytest.mark.parametrize(
    ("lengths", "multiple", "runs"),
    [
        pytest.param((1, 2, 3, 3), 1, [((1,), 1), ((2,), 2), ((3, 3), 3)], id="without padding, of equal length"),
        pytest.param((3, 17, 20, 30), 16, [((3,), 3), ((17, 20, 30), 32)], id="short ones to whole registers"),
        pytest.param((30, 30), 32, [((30, 30), 32)], id="also where their lengths are equal"),
        pytest.param((5, 60), 32, [((5,), 5), ((60,), 60)], id="one alone stays as it is"),
        pytest.param((63, 64, 65, 66, 66), 32, [((63, 64), 64), ((65,), 65), ((66, 66), 66)], id="long ones stay"),
    ],
)
def test_neighbours_of_about_one_length_go_together(
    lengths: tuple[int, ...], multiple: int, runs: list[tuple[tuple[int, ...], int]]
) -> None:
    assert [(run.lengths, run.length) for run in runs_of(lengths, multiple)] == runs


@given(st.lists(st.integers(1, 100), min_size=1, max_size=12).map(sorted), st.sampled_from([1, 8, 16, 32]))
def test_runs_cover_the_row_and_each_token_is_found_where_it_was_put(lengths: list[int], multiple: int) -> None:
    covered = []
    for run in runs_of(tuple(lengths), multiple):
        covered += range(run.start, run.stop)
        assert run.tokens[run.places].tolist() == list(range(run.stop - run.start))
        assert run.visible.flatten()[run.places].all()
        assert int(run.visible.sum()) == run.stop - run.start
    assert covered == list(range(sum(lengths)))


def test_padding_repeats_a_token_of_its_own_sequence() -> None:
    run = Run(start=4, lengths=(2, 3), length=4)
    assert run.padded
    assert run.tokens.tolist() == [0, 1, 0, 0, 2, 3, 4, 2]
