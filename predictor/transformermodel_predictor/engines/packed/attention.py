"""Attention within each sequence of a packed row, under a name that transformers' models can be set to.

transformers calls a registered function as `f(module, query, key, value, mask, scaling=..., **keywords)`, where the
keywords are those of the model's forward call; so the layout of the row arrives here through every layer.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface

from transformermodel_predictor.engines.packed.asked import Asked
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
    asked = Asked(query, key, value, scaling, sliding_window)
    if isinstance(layout, Layout):
        return _attended(asked, layout), None
    if not isinstance(layout, FirstTokens):
        raise LayoutMissing(f"{type(module).__name__} was not given the layout of its row")
    if layout.attended is None:
        layout.attended = _attended(replace(asked, first_alone=True), layout.layout)
        raise FirstTokensKnown
    return layout.attended, None


def _attended(asked: Asked, layout: Layout) -> torch.Tensor:
    """[1, total, heads, width], or [1, sequences, heads, width]: of all tokens, or of the first of each sequence."""
    if isinstance(layout, RecordedLayout):
        return layout.attended(asked)
    if can_fuse(asked.query):
        return fused(asked, layout)
    if torch.is_grad_enabled() and asked.query.requires_grad:
        return differentiable(asked, layout)
    return by_runs(asked, layout)


def _no_mask(*_: object, **__: object) -> None:
    """No sequence is padded, and none sees another."""


AttentionInterface.register(ATTENTION, packed_attention)
AttentionMaskInterface.register(ATTENTION, _no_mask)
