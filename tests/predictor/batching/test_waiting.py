"""Which of the waiting rows go next."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.batching import BatchLimits, steps_of
from transformermodel_predictor.batching.waiting import ByLength, InOrder
from transformermodel_predictor.tasks.task import Encoding

LENGTHS = st.lists(st.integers(1, 50), max_size=40)


def rows(*lengths: int) -> list[Encoding]:
    return [Encoding({"input_ids": [0] * length}) for length in lengths]


def first_step(lengths: list[int], limits: BatchLimits, *, padding_free: bool = False) -> list[int]:
    return next(iter(steps_of(rows(*lengths), limits, padding_free=padding_free)))


class TestPadded:
    def test_everything_goes_where_it_fits(self) -> None:
        assert sorted(first_step([4, 100, 7], BatchLimits(rows=3, tokens=300))) == [0, 1, 2]

    def test_rows_are_bounded_to_32_unless_told_otherwise(self) -> None:
        assert len(first_step([4] * 40, BatchLimits())) == 32
        assert len(first_step([4] * 40, BatchLimits(rows=5))) == 5

    def test_padding_counts_and_the_most_alike_go_with_the_oldest(self) -> None:
        assert first_step([10, 90, 12, 9], BatchLimits(tokens=40)) == [0, 3, 2]

    def test_what_is_too_long_to_join_does_not_keep_shorter_ones_out(self) -> None:
        assert first_step([10, 15, 4], BatchLimits(tokens=25)) == [0, 2]

    def test_of_one_length_the_oldest_go_first(self) -> None:
        assert first_step([5, 5, 5], BatchLimits(rows=2)) == [0, 1]

    def test_the_oldest_always_goes_even_alone_beyond_the_bound(self) -> None:
        assert first_step([500, 3], BatchLimits(tokens=100)) == [0]


class TestPaddingFree:
    def test_only_tokens_count_and_the_oldest_go(self) -> None:
        assert first_step([10, 90, 12, 9], BatchLimits(tokens=115), padding_free=True) == [0, 1, 2]

    def test_rows_are_not_bounded_unless_told_otherwise(self) -> None:
        assert len(first_step([4] * 500, BatchLimits(), padding_free=True)) == 500
        assert len(first_step([4] * 500, BatchLimits(rows=7), padding_free=True)) == 7

    def test_the_oldest_always_goes_even_alone_beyond_the_bound(self) -> None:
        assert first_step([500, 3], BatchLimits(tokens=100), padding_free=True) == [0]


@pytest.mark.parametrize("padding_free", [False, True])
@given(lengths=LENGTHS, tokens=st.integers(1, 200), most=st.integers(1, 9))
def test_every_row_goes_once_within_the_bounds(padding_free: bool, lengths: list[int], tokens: int, most: int) -> None:
    steps = list(steps_of(rows(*lengths), BatchLimits(tokens=tokens, rows=most), padding_free=padding_free))
    assert sorted(index for step in steps for index in step) == list(range(len(lengths)))
    for step in steps:
        taken = [lengths[index] for index in step]
        cost = sum(taken) if padding_free else max(taken) * len(taken)
        assert len(taken) == 1 or (len(taken) <= most and cost <= tokens)


@given(lengths=LENGTHS, tokens=st.integers(1, 200))
def test_nobody_starves(lengths: list[int], tokens: int) -> None:
    """The oldest of those that wait is in every step."""
    left = set(range(len(lengths)))
    for step in steps_of(rows(*lengths), BatchLimits(tokens=tokens), padding_free=False):
        assert min(left) in step
        left -= set(step)


@dataclass(eq=False)
class Counted:
    """A row that counts how often it is looked at."""

    encoding: Encoding
    taken: bool = False
    over: bool = False
    looks: int = 0

    @property
    def waits(self) -> bool:
        self.looks += 1
        return not (self.taken or self.over)


@pytest.mark.parametrize("waiting", [InOrder[Counted](), ByLength[Counted]()], ids=["padding-free", "padded"])
def test_choosing_a_step_does_not_look_at_all_that_wait(waiting: InOrder[Counted] | ByLength[Counted]) -> None:
    counted = [Counted(encoding) for encoding in rows(*[10, 20, 30, 40] * 1000)]
    for row in counted:
        waiting.push(row)
    step = waiting.next_step(BatchLimits(rows=8))
    assert len(step) == 8
    assert sum(row.looks for row in counted) <= 2 * len(step)


@pytest.mark.parametrize("waiting", [InOrder[Counted](), ByLength[Counted]()], ids=["padding-free", "padded"])
def test_rows_that_nobody_waits_for_are_dropped(waiting: InOrder[Counted] | ByLength[Counted]) -> None:
    counted = [Counted(encoding) for encoding in rows(5, 6, 5, 7)]
    for row in counted:
        waiting.push(row)
    for row in counted[:3]:
        row.over = True
    assert waiting.next_step(BatchLimits()) == counted[3:]
    assert waiting.next_step(BatchLimits()) == []
    assert waiting.tokens == 0
