import pytest

from transformermodel_predictor.engines.packed.by_runs import keys_of


@pytest.mark.parametrize(
    ("room", "keys"),
    [
        pytest.param(70, 32, id="of its neighbour"),
        pytest.param(32, 32, id="to the end"),
        pytest.param(31, 30, id="none"),
    ],
)
def test_keys_are_made_round_by_what_lies_behind(room: int, keys: int) -> None:
    assert keys_of(30, 16, room) == keys


def test_a_round_number_of_keys_is_enough() -> None:
    assert keys_of(32, 16, 100) == 32
