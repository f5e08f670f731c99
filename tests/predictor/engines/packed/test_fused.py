import pytest
import torch

from transformermodel_predictor.engines.packed import fused
from transformermodel_predictor.engines.packed.attention_call import AttentionCall
from transformermodel_predictor.engines.packed.layout import Layout


def test_half_precision_on_cuda_takes_one_kernel_for_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel needs the hardware; what it is given does not."""
    given = {}

    def kernel(
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        starts: torch.Tensor,
        _: torch.Tensor,
        longest: int,
        __: int,
        *,
        scale: float | None,
        window_size: tuple[int, int],
    ) -> torch.Tensor:
        given.update(starts=starts, longest=longest, window=window_size, scale=scale, shape=query.shape)
        return value

    monkeypatch.setattr(fused, "varlen_attn", kernel)
    query, key, value = (torch.randn(1, 16, 3, 8).transpose(1, 2) for _ in range(3))
    attended = fused.fused(AttentionCall(query, key, value, scaling=0.5, window=3), Layout.of([2, 5, 2, 7]))
    torch.testing.assert_close(attended, value.transpose(1, 2))
    assert given["starts"].tolist() == [0, 7, 12, 14, 16]
    assert given["starts"].dtype is torch.int32
    assert (given["longest"], given["window"], given["scale"]) == (7, (2, 2), 0.5)
    assert given["shape"] == (16, 3, 8)
