import pytest
import torch
from torch import nn

from transformermodel_predictor.engines.linears import PrepackedLinear, can_prepack, prepack

pytestmark = pytest.mark.skipif(not can_prepack(torch.float32), reason="this build of PyTorch has no oneDNN")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 600])
def test_it_gives_what_the_plain_layer_gives(rows: int, bias: bool) -> None:
    linear = nn.Linear(48, 20, bias=bias)
    row = torch.randn(1, rows, 48)
    with torch.inference_mode():
        torch.testing.assert_close(PrepackedLinear(linear)(row), linear(row), atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not can_prepack(torch.bfloat16), reason="this processor has no bfloat16")
def test_bfloat16_stays_bfloat16() -> None:
    linear = nn.Linear(48, 20).bfloat16()
    row = torch.randn(1, 5, 48, dtype=torch.bfloat16)
    with torch.inference_mode():
        found = PrepackedLinear(linear)(row)
        torch.testing.assert_close(found, linear(row), atol=0.02, rtol=0.02)
    assert found.dtype is torch.bfloat16


def test_all_linear_layers_are_replaced_and_their_plain_weights_let_go() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Sequential(nn.Linear(8, 4)))
    prepack(model)
    assert [type(module) for module in model.modules() if not list(module.children())] == [
        PrepackedLinear,
        nn.ReLU,
        PrepackedLinear,
    ]
    assert list(model.parameters()) == []


def test_a_weight_that_another_module_holds_too_stays() -> None:
    embedding, head = nn.Embedding(8, 4), nn.Linear(4, 8, bias=False)
    head.weight = embedding.weight
    model = nn.Sequential(embedding, head)
    prepack(model)
    assert model[1] is head


def test_a_layer_that_is_called_otherwise_stays() -> None:
    """A subclass may do more than a linear layer does."""

    class Scaled(nn.Linear):
        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(rows)

    model = nn.Sequential(Scaled(4, 4))
    prepack(model)
    assert isinstance(model[0], Scaled)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int8])
def test_other_types_are_left_to_plain_layers(dtype: torch.dtype) -> None:
    assert not can_prepack(dtype)
