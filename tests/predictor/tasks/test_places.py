import pytest

from transformermodel_predictor.tasks.places import trimmed


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [("in London", (2, 9), (3, 9)), ("a  b  ", (1, 6), (3, 4)), ("London", (0, 6), (0, 6)), ("a   b", (1, 4), (1, 1))],
)
def test_the_space_around_is_left_out(text: str, place: tuple[int, int], expected: tuple[int, int]) -> None:
    assert trimmed(text, *place) == expected
