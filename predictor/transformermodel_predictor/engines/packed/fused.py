"""Attention of a whole row in one kernel that takes the sequence boundaries (half precision on CUDA)."""

import torch
from torch.nn.attention.varlen import varlen_attn

from transformermodel_predictor.engines.packed.asked import Asked
from transformermodel_predictor.engines.packed.layout import Layout


def can_fuse(query: torch.Tensor) -> bool:
    """Whether the kernel supports such tensors."""
    return query.is_cuda and query.dtype in (torch.float16, torch.bfloat16)


def fused(asked: Asked, layout: Layout) -> torch.Tensor:
    """[1, total, heads, width], or [1, sequences, heads, width] if only first tokens are wanted."""
    boundaries = layout.boundaries(asked.query.device)
    side = -1 if asked.window is None else asked.window - 1
    attended = varlen_attn(
        _rows(asked.query),
        _rows(asked.key),
        _rows(asked.value),
        boundaries,
        boundaries,
        layout.longest,
        layout.longest,
        scale=asked.scaling,
        window_size=(side, side),
    )
    if not isinstance(attended, torch.Tensor):
        raise TypeError("the kernel returned more than the attention that it was asked for")
    row = attended.unsqueeze(0)
    return layout.first_rows(row).transpose(0, 1) if asked.first_alone else row


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    """[1, heads, total, width] as [total, heads, width]."""
    return tensor[0].transpose(0, 1).contiguous()
