"""A classifier's last layer, computed only for the tokens that its head reads: the first of each sequence.

Only attention looks at other tokens, and only the head reads the output of the last layer. This saves an eighth of a
model with six layers, and works however a layer is built: the layer runs on all tokens up to its attention, which
computes only the first tokens and ends the layer; then the layer runs on the first tokens alone, and its attention
returns that result.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.engines.packed.attention import LAYOUT, FirstTokens, FirstTokensKnown
from transformermodel_predictor.engines.packed.layout import Layout


def cut_last_layer(model: PreTrainedModel, layout: Callable[[], Layout | None]) -> None:
    """Let a model's last layer continue with first tokens only, whenever there is a layout.

    Args:
        model: has packed attention set; its last layer is changed.
        layout: returns the layout of the row that runs in this thread; None to run the layer unchanged.
    """
    layers = layers_of(model)
    if not layers:
        return
    whole = layers[-1].forward

    def forward(*given: Any, **keywords: Any) -> Any:  # noqa: ANN401 - whatever layers take and return
        row = layout()
        if row is None:
            return whole(*given, **keywords)
        first = FirstTokens(row)
        with suppress(FirstTokensKnown):  # nothing reads what the rest of the pass would compute
            whole(*given, **{**keywords, LAYOUT: first})
        return whole(*_of_first(given, row), **{**_of_first(keywords, row), LAYOUT: first})

    layers[-1].forward = forward


def layers_of(model: PreTrainedModel) -> list[nn.Module]:
    """The model's layers: the modules in its longest list, or in all lists of that length."""
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    longest = max(map(len, lists), default=0)
    return [layer for found in lists if len(found) == longest for layer in found]


def _of_first(value: Any, layout: Layout) -> Any:  # noqa: ANN401 - whatever layers take
    """A layer's arguments, with [1, sequences, ...] in place of each tensor [1, total, ...]."""
    if isinstance(value, torch.Tensor) and value.shape[:2] == (1, layout.total):
        return layout.first_rows(value).transpose(0, 1)
    if isinstance(value, tuple | list):
        return type(value)([_of_first(one, layout) for one in value])
    if isinstance(value, dict):
        return {name: _of_first(one, layout) for name, one in value.items()}
    return value
