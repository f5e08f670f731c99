"""Which outputs of a model can be explained."""

from typing import Any

import pytest
import torch

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.torch_handler.explained_target import InvalidTarget, require_output


@pytest.mark.parametrize(
    ("target", "shape"),
    [(0, (1, 3)), (2, (1, 3)), (-1, (1, 3)), (True, (1, 3)), ((2,), (1, 3)), ((2, 1), (1, 3, 2)), (7, (1,))],
)
def test_an_output_that_is_there_may_be_explained(target: Any, shape: tuple[int, ...]) -> None:
    require_output(target, torch.zeros(shape))


def test_what_a_subclass_picks_for_each_row_itself_is_not_looked_at() -> None:
    for target in ([7, 8], torch.tensor([7, 8])):
        require_output(target, torch.zeros(2, 3))
    require_output(7, {"out": torch.zeros(2, 3)})


@pytest.mark.parametrize(
    ("target", "shape", "has"),
    [
        (3, (1, 3), "it must be a whole number from 0 to 2"),
        ("1.5", (1, 3), "it must be a whole number from 0 to 2"),
        ((1, 2), (1, 3, 2), r"it must be 2 whole numbers from 0 to \(2, 1\)"),
        (1, (1, 3, 2), r"it must be 2 whole numbers from 0 to \(2, 1\)"),
    ],
)
def test_one_that_is_not_is_answered_400_with_those_that_are(target: Any, shape: tuple[int, ...], has: str) -> None:
    with pytest.raises(InvalidTarget, match=has) as raised:
        require_output(target, torch.zeros(shape))
    assert raised.value.error_code == 400
