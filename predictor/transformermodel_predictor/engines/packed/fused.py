"""Attention of a whole row in one kernel that takes the sequence boundaries (half precision on CUDA)."""

import torch
from torch.nn.attention.varlen import varlen_attn

from transformermodel_predictor.engines.packed.attention_call import AttentionCall
from transformermodel_predictor.engines.packed.layout import Layout


def can_fuse(query: torch.Tensor) -> bool:
    """Whether the kernel supports such tensors."""
    return query.is_cuda and query.dtype in (torch.float16, torch.bfloat16)


def fused(call: AttentionCall, layout: Layout) -> torch.Tensor:
    """[1, total, heads, width], or [1, sequences, heads, width] if only first tokens are wanted."""
    boundaries = layout.boundaries(call.query.device)
    side = -1 if call.window is None else call.window - 1
    attended = varlen_attn(
        _rows(call.query),
        _rows(call.key),
        _rows(call.value),
        boundaries,
        boundaries,
        layout.longest,
        layout.longest,
        scale=call.scaling,
        window_size=(side, side),
    )
    if not isinstance(attended, torch.Tensor):
        raise TypeError("the kernel returned more than the attention that was asked for")
    row = attended.unsqueeze(0)
    return layout.first_rows(row).transpose(0, 1) if call.first_alone else row


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    """[1, heads, total, width] as [total, heads, width]."""
    return tensor[0].transpose(0, 1).contiguous()
