import torch
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.engines.packed.layout import Layout

LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=12)


def test_sequences_lie_sorted_by_length_the_longest_first() -> None:
    layout = Layout.of([3, 1, 3, 2])
    assert layout.order == (0, 2, 3, 1)
    assert layout.starts == (0, 3, 6, 8, 9)
    assert layout.longest == 3


def test_positions_start_again_with_each_sequence() -> None:
    assert Layout.of([3, 2]).positions(first=2).tolist() == [[2, 3, 4, 2, 3]]


def test_a_classifier_is_handed_the_first_token_or_all_with_padding() -> None:
    layout = Layout.of([3, 2])
    hidden = torch.arange(5.0).reshape(1, 5, 1)
    assert layout.first_rows(hidden).tolist() == [[[0.0]], [[3.0]]]
    assert layout.padded(hidden)[..., 0].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 0.0]]
    assert layout.mask(hidden.device).tolist() == [[1, 1, 1], [1, 1, 0]]


def test_a_row_is_filled_up_to_a_round_total_with_a_token_of_its_own() -> None:
    layout = Layout.of([3, 2], tile=16)
    assert layout.total == 16
    assert layout.starts == (0, 3, 5)
    assert layout.pack([[7, 8, 9], [5, 6]]).tolist() == [[7, 8, 9, 5, 6, *[5] * 11]]
    assert layout.positions(first=2).tolist() == [[2, 3, 4, 2, 3, *[2] * 11]]
    assert layout.padded(torch.ones(1, 16, 1)).sum() == 5


@given(LENGTHS, st.sampled_from([None, 4, 16]))
def test_what_was_packed_comes_back_in_the_order_of_the_batch(lengths: list[int], tile: int | None) -> None:
    sequences = [[1000 * index + token for token in range(length)] for index, length in enumerate(lengths)]
    layout = Layout.of(lengths, tile)
    assert [part.tolist() for part in layout.split(layout.pack(sequences))] == sequences
