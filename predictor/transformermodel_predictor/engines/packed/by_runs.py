"""Attention run by run, for inference: sequences of equal length at once, without copying the row."""

from functools import lru_cache

import torch
from torch.nn.functional import scaled_dot_product_attention

from transformermodel_predictor.engines.packed.asked import Asked
from transformermodel_predictor.engines.packed.layout import Layout
from transformermodel_predictor.engines.packed.runs import Run

_KEYS = 16
"""Number of keys whose softmax PyTorch's CPU attention computes in whole registers; the remainder goes one by one."""


def by_runs(asked: Asked, layout: Layout) -> torch.Tensor:
    """[1, total, heads, width], with zeros for the filling; or [1, sequences, heads, width] for first tokens."""
    if asked.first_alone:
        return torch.cat([_of_run(asked, run) for run in layout.runs], 1)
    output = torch.empty_like(asked.query.transpose(1, 2), memory_format=torch.contiguous_format)
    for run in layout.runs:
        output[:, run.start : run.stop] = _of_run(asked, run)
    output[:, layout.starts[-1] :] = 0  # harmless values, whatever the memory held before
    return output


def _of_run(asked: Asked, run: Run) -> torch.Tensor:
    """[1, tokens, heads, width] of a run: all tokens of each sequence, or the first.

    An odd number of keys takes up to twice as long as a round one, so the neighbour's keys are included and masked.
    NaNs in them would pass the mask; the engine takes care of that.
    """
    multiple = _KEYS if asked.query.device.type == "cpu" and asked.window is None else 1
    keys = run.keys(multiple, total=asked.query.shape[2])
    mask = asked.seen_in(run) if keys == run.length else _seen(run.length, keys, asked.query.dtype)
    attended = scaled_dot_product_attention(
        _batch(asked.query, run, asked.asking(run)),
        _batch(asked.key, run, keys),
        _batch(asked.value, run, keys),
        attn_mask=mask,
        scale=asked.scaling,
    )
    return attended.transpose(1, 2).reshape(1, -1, *attended.shape[1::2])


@lru_cache(maxsize=1024)
def _seen(length: int, keys: int, dtype: torch.dtype) -> torch.Tensor:
    """Mask to add to the scores, [1, 1, 1, keys], so that only the first `length` keys are seen."""
    mask = torch.zeros(1, 1, 1, keys, dtype=dtype)
    mask[..., length:] = -torch.inf
    return mask


def _batch(tensor: torch.Tensor, run: Run, tokens: int) -> torch.Tensor:
    """A run of [1, heads, total, width] as [sequences, heads, tokens, width], without copying.

    Args:
        tensor: of the whole row.
        run: part of the row.
        tokens: tokens per sequence; if a sequence has fewer, those after it are included.
    """
    _, heads, _, width = tensor.shape
    _, of_head, of_token, of_number = tensor.stride()
    return tensor.as_strided(
        (run.count, heads, tokens, width),
        (run.length * of_token, of_head, of_token, of_number),
        tensor.storage_offset() + run.start * of_token,
    )
