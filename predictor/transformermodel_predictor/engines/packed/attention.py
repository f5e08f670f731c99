"""Attention within each sequence of a packed row, under a name that transformers' models can be set to.

transformers calls a registered function as `f(module, query, key, value, mask, scaling=..., **keywords)`, where the
keywords are those of the model's forward call; so the layout of the row arrives here through every layer.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

from transformermodel_predictor.engines.packed.layout import Layout
from transformermodel_predictor.engines.packed.runs import Run

ATTENTION = "transformermodel_packed"
"""Name of the attention implementation."""
LAYOUT = "packed_layout"
"""Keyword of the forward call that carries the layout."""

_KEYS = 16
"""Of how many keys PyTorch's attention for CPUs computes the softmax in whole registers; those left over one by one."""


class LayoutMissing(RuntimeError):
    """A model set to packed attention was called without the layout, or does not pass it on to its layers."""


class FirstTokensKnown(Exception):
    """Attention has found what it was asked for of a layer's first tokens: the rest of the layer need not run."""


@dataclass
class FirstTokens:
    """In place of the layout: attention is to answer for the first token of each sequence alone.

    Asked by a layer that runs on all tokens it ends the layer; asked again, by one that runs on the first tokens, it
    answers.

    Attributes:
        layout: of all tokens.
        attended: [1, sequences, heads, width], once it is known.
    """

    layout: Layout
    attended: torch.Tensor | None = None


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **keywords: Any,  # noqa: ANN401 - what else a model gives to its attention
) -> tuple[torch.Tensor, None]:
    """Bidirectional attention within each sequence.

    Args:
        module: the attention layer that calls.
        query: [1, heads, total, width].
        key: as the query.
        value: as the query.
        attention_mask: not used; there is no padding.
        scaling: factor of the scores; 1/sqrt(width) when None.
        sliding_window: number of positions that a token sees to each side, its own included; all when None.
        keywords: among them the layout.

    Returns:
        [1, total, heads, width], and no weights.

    Raises:
        LayoutMissing: the keywords hold no layout.
        FirstTokensKnown: they hold `FirstTokens`, which know now.
    """
    layout = keywords.get(LAYOUT)
    if isinstance(layout, Layout):
        return _attention(query, key, value, layout, scaling, sliding_window), None
    if not isinstance(layout, FirstTokens):
        raise LayoutMissing(f"{type(module).__name__} was not given the layout of its row")
    if layout.attended is None:
        layout.attended = _attention(query, key, value, layout.layout, scaling, sliding_window, first_alone=True)
        raise FirstTokensKnown
    return layout.attended, None


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: Layout,
    scaling: float | None,
    sliding_window: int | None,
    *,
    first_alone: bool = False,
) -> torch.Tensor:
    """[1, total, heads, width], or [1, sequences, heads, width]: of all tokens, or of the first of each sequence."""
    if query.is_cuda and query.dtype in (torch.float16, torch.bfloat16):
        attended = fused(query, key, value, layout, scaling, sliding_window)
        return layout.first_rows(attended).transpose(0, 1) if first_alone else attended
    if torch.is_grad_enabled() and query.requires_grad:
        return _differentiable(query, key, value, layout, scaling, sliding_window, first_alone=first_alone)
    if first_alone:
        first = (_attend(query, key, value, run, scaling, sliding_window, first_alone=True) for run in layout.runs)
        return torch.cat(list(first), 1)
    output = torch.empty_like(query.transpose(1, 2), memory_format=torch.contiguous_format)
    for run in layout.runs:
        output[:, run.start : run.stop] = _attend(query, key, value, run, scaling, sliding_window, first_alone=False)
    output[:, layout.starts[-1] :] = 0  # numbers that hurt nobody, whatever the memory held before
    return output


def band(length: int, sliding_window: int, device: torch.device) -> torch.Tensor:
    """Which positions see which: bool [length, length], True within the window."""
    positions = torch.arange(length, device=device)
    return (positions.unsqueeze(0) - positions.unsqueeze(1)).abs() < sliding_window


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    run: Run,
    scaling: float | None,
    sliding_window: int | None,
    *,
    first_alone: bool,
) -> torch.Tensor:
    """A run: [1, tokens, heads, width]; of each sequence all tokens, or the first.

    An odd number of keys takes up to twice as long as a round one, so keys of neighbours are looked at in passing, and
    not seen. What is not a number in them would be: the engine takes care of that.
    """
    multiple = _KEYS if query.device.type == "cpu" and sliding_window is None else 1
    keys = run.keys(multiple, total=query.shape[2])
    asking = 1 if first_alone else run.length
    if keys == run.length:
        mask = _band_of(run, sliding_window, query.device, asking)
    else:
        mask = _seen(run.length, keys, query.dtype)
    attended = scaled_dot_product_attention(
        _batch(query, run, asking), _batch(key, run, keys), _batch(value, run, keys), attn_mask=mask, scale=scaling
    )
    return attended.transpose(1, 2).reshape(1, -1, *attended.shape[1::2])


@lru_cache(maxsize=1024)
def _seen(length: int, keys: int, dtype: torch.dtype) -> torch.Tensor:
    """What is added to the scores of so many keys, [1, 1, 1, keys], so that the first ones alone are seen."""
    mask = torch.zeros(1, 1, 1, keys, dtype=dtype)
    mask[..., length:] = -torch.inf
    return mask


def _band_of(run: Run, sliding_window: int | None, device: torch.device, asking: int) -> torch.Tensor | None:
    """The mask of a run's first tokens, as many as are asking; None where all tokens of a sequence see each other."""
    if sliding_window is None or run.length <= sliding_window:
        return None
    return band(run.length, sliding_window, device)[:asking]


def _differentiable(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: Layout,
    scaling: float | None,
    sliding_window: int | None,
    *,
    first_alone: bool,
) -> torch.Tensor:
    """The whole row, cut into runs of equal length at once and joined at once: [1, tokens, heads, width].

    The gradient of each single cut would be a row of zeros with a piece in it, and all of them would be added up.
    """
    runs = layout.runs
    sizes = [run.stop - run.start for run in runs]
    cut = (torch.split(tensor.squeeze(0), sizes, dim=1) for tensor in (query, key, value))
    attended = []
    for run, *parts in zip(runs, *cut, strict=True):
        of_query, of_key, of_value = (part.unflatten(1, (-1, run.length)).transpose(0, 1) for part in parts)
        asking = 1 if first_alone else run.length
        mask = _band_of(run, sliding_window, query.device, asking)
        found = scaled_dot_product_attention(of_query[:, :, :asking], of_key, of_value, attn_mask=mask, scale=scaling)
        attended.append(found)
    rows = [of_run.transpose(1, 2).flatten(0, 1) for of_run in attended]
    return (rows[0] if len(rows) == 1 else torch.cat(rows)).unsqueeze(0)


def _batch(tensor: torch.Tensor, run: Run, tokens: int) -> torch.Tensor:
    """A run of [1, heads, total, width] as [sequences, heads, tokens, width], without copying.

    Args:
        tensor: of a row.
        run: in it.
        tokens: of each sequence; where they are more than it has, those after it too.
    """
    _, heads, _, width = tensor.shape
    _, of_head, of_token, of_number = tensor.stride()
    return tensor.as_strided(
        (run.count, heads, tokens, width),
        (run.length * of_token, of_head, of_token, of_number),
        tensor.storage_offset() + run.start * of_token,
    )


def fused(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: Layout,
    scaling: float | None,
    sliding_window: int | None,
) -> torch.Tensor:
    """The whole row in one kernel that knows where sequences begin (half precision on CUDA)."""
    boundaries = layout.boundaries(query.device)
    side = -1 if sliding_window is None else sliding_window - 1
    attended = varlen_attn(
        _rows(query),
        _rows(key),
        _rows(value),
        boundaries,
        boundaries,
        layout.longest,
        layout.longest,
        scale=scaling,
        window_size=(side, side),
    )
    if not isinstance(attended, torch.Tensor):
        raise TypeError("the kernel returned more than the attention that it was asked for")
    return attended.unsqueeze(0)


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    """[1, heads, total, width] as [total, heads, width]."""
    return tensor[0].transpose(0, 1).contiguous()


def _no_mask(*_: object, **__: object) -> None:
    """No sequence is padded, and none sees another."""


AttentionInterface.register(ATTENTION, packed_attention)
AttentionMaskInterface.register(ATTENTION, _no_mask)
