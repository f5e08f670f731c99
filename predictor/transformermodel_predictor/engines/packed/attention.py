"""Attention within each sequence of a packed row, registered under a name that transformers' models can be set to.

transformers calls a registered function as `f(module, query, key, value, mask, scaling=..., **keywords)`, where the
keywords are those of the model's forward call. Thus the row's layout reaches the attention of every layer.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface

from transformermodel_predictor.engines.packed.attention_call import AttentionCall
from transformermodel_predictor.engines.packed.by_runs import by_runs
from transformermodel_predictor.engines.packed.differentiable import differentiable
from transformermodel_predictor.engines.packed.fused import can_fuse, fused
from transformermodel_predictor.engines.packed.layout import Layout
from transformermodel_predictor.engines.packed.recorded_layout import RecordedLayout

ATTENTION = "transformermodel_packed"
"""Name of the attention implementation."""
LAYOUT = "packed_layout"
"""Keyword of the forward call that carries the layout."""


class LayoutMissing(RuntimeError):
    """A model set to packed attention was called without the layout, or does not pass it on to its layers."""


class FirstTokensKnown(Exception):
    """The attention of a layer's first tokens has been computed, so the rest of the layer need not run."""


@dataclass
class FirstTokens:
    """Passed in place of the layout: attention is wanted only for the first token of each sequence.

    Attention computes it when the layer runs on all tokens, and ends the layer; when the layer runs again, on the first
    tokens, attention returns it.

    Attributes:
        layout: layout of all tokens.
        attended: [1, sequences, heads, width], once computed.
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
    **keywords: Any,  # noqa: ANN401 - whatever else a model passes to its attention
) -> tuple[torch.Tensor, None]:
    """Bidirectional attention within each sequence.

    Args:
        module: the calling attention layer.
        query: [1, heads, total, width].
        key: shaped like the query.
        value: shaped like the query.
        attention_mask: not used; there is no padding.
        scaling: factor of the scores; 1/sqrt(width) when None.
        sliding_window: number of positions that a token sees to each side, including its own; all when None.
        keywords: include the layout.

    Returns:
        [1, total, heads, width], and no attention weights.

    Raises:
        LayoutMissing: the keywords include no layout.
        FirstTokensKnown: they include `FirstTokens`, which have now been computed.
    """
    layout = keywords.get(LAYOUT)
    call = AttentionCall(query, key, value, scaling, sliding_window)
    if isinstance(layout, Layout):
        return _attended(call, layout), None
    if not isinstance(layout, FirstTokens):
        raise LayoutMissing(f"{type(module).__name__} was not given the layout of its row")
    if layout.attended is None:
        layout.attended = _attended(replace(call, first_alone=True), layout.layout)
        raise FirstTokensKnown
    return layout.attended, None


def _attended(call: AttentionCall, layout: Layout) -> torch.Tensor:
    """[1, total, heads, width] for all tokens, or [1, sequences, heads, width] for the first of each sequence."""
    if isinstance(layout, RecordedLayout):
        return layout.attended(call)
    if can_fuse(call.query):
        return fused(call, layout)
    if torch.is_grad_enabled() and call.query.requires_grad:
        return differentiable(call, layout)
    return by_runs(call, layout)


def _no_mask(*_: object, **__: object) -> None:
    """No mask: there is no padding, and sequences do not see each other."""


AttentionInterface.register(ATTENTION, packed_attention)
AttentionMaskInterface.register(ATTENTION, _no_mask)
