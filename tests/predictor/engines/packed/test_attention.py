import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from tests.predictor.engines.packed.architectures import Architecture
from transformermodel_predictor.engines.packed.attention import LAYOUT, LayoutMissing, packed_attention
from transformermodel_predictor.engines.packed.attention_call import band
from transformermodel_predictor.engines.packed.layout import Layout
from transformermodel_predictor.engines.packed.model import PackedModel

LAYOUT_OF_FOUR = Layout.of([2, 5, 2, 7])


def row(layout: Layout = LAYOUT_OF_FOUR) -> tuple[torch.Tensor, ...]:
    """Query, key and value of a row's sequences, as models give them: views of [1, total, heads, width]."""
    torch.manual_seed(0)
    return tuple(torch.randn(1, layout.total, 3, 8).transpose(1, 2) for _ in range(3))


@pytest.mark.parametrize("lengths", [(2, 5, 2, 7), (30, 12, 30, 31, 29, 60, 80, 80, 90)], ids=["few", "many"])
@pytest.mark.parametrize("window", [None, 3])
def test_each_sequence_attends_to_itself_alone(window: int | None, lengths: tuple[int, ...]) -> None:
    layout = Layout.of(lengths)
    query, key, value = row(layout)
    attended, weights = packed_attention(
        torch.nn.Identity(), query, key, value, None, sliding_window=window, **{LAYOUT: layout}
    )
    assert weights is None
    for start, stop in zip(layout.starts, layout.starts[1:], strict=False):
        mask = None if window is None else band(stop - start, window, query.device)
        alone = scaled_dot_product_attention(
            *(tensor[:, :, start:stop] for tensor in (query, key, value)), attn_mask=mask
        )
        torch.testing.assert_close(attended[:, start:stop], alone.transpose(1, 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_neighbour_whose_keys_are_looked_at_changes_nothing(dtype: torch.dtype) -> None:
    layout = Layout.of([21, 18, 16, 3], tile=16)
    tensors = [tensor.to(dtype) for tensor in row(layout)]
    first, _ = packed_attention(torch.nn.Identity(), *tensors, None, **{LAYOUT: layout})
    for tensor in tensors:
        tensor[:, :, 21:] *= 1000
    changed, _ = packed_attention(torch.nn.Identity(), *tensors, None, **{LAYOUT: layout})
    assert changed[:, :21].equal(first[:, :21])


def test_what_fills_a_row_up_comes_out_as_zeros() -> None:
    filled = Layout.of([2, 5, 2, 7, 3], tile=16)
    attended, _ = packed_attention(torch.nn.Identity(), *row(filled), None, **{LAYOUT: filled})
    assert attended[:, :19].ne(0).all()
    assert attended[:, 19:].eq(0).all()


def test_gradients_flow_through_it() -> None:
    query, key, value = (tensor.requires_grad_() for tensor in row())
    attended, _ = packed_attention(torch.nn.Identity(), query, key, value, None, **{LAYOUT: LAYOUT_OF_FOUR})
    attended[:, :7].sum().backward()
    assert value.grad is not None
    assert value.grad[:, :, :7].abs().sum() > 0
    assert value.grad[:, :, 7:].abs().sum() == 0
    for tensor in (query, key, value):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()


def test_a_model_called_without_the_layout_fails_instead_of_mixing_sequences() -> None:
    packed = PackedModel(Architecture("Bert").model("ForTokenClassification"))
    with pytest.raises(LayoutMissing, match="BertSelfAttention was not given the layout"):
        packed.model(input_ids=torch.tensor([[5, 6, 7]]))
