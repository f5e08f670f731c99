"""The last layer of a classifier, computed for the tokens alone that its head reads."""

from typing import Any

import torch
from torch import nn

from transformermodel_predictor.engines.packed.model import PackedModel, Pooling
from transformermodel_predictor.explanations.pauses import layers_of


def cut_last_layer(packed: PackedModel) -> None:
    """Go on after the last attention with each sequence's first token, where the head reads no other.

    That saves an eighth of a pass over six layers: the last one's feed-forward part, which looks at no other token. It
    is done for layers like BERT's, in which a module adds what attention found to what it was given; others stay whole.

    Args:
        packed: a twin's own: its last layer gets a hook.
    """
    if not packed.per_sequence or packed.pooling is not Pooling.First:
        return
    adding = _adding_module(list(layers_of(packed.model))[-1])
    if adding is not None:
        adding.register_forward_pre_hook(lambda _, tokens: _first(packed, tokens))


def _adding_module(layer: nn.Module) -> nn.Module | None:
    """`attention.output` of a layer, which takes what attention found and what it was given, and returns their sum."""
    attention = getattr(layer, "attention", None)
    adding = getattr(attention, "output", None)
    return adding if isinstance(adding, nn.Module) and type(adding).__name__.endswith("SelfOutput") else None


def _first(packed: PackedModel, tokens: Any) -> tuple[torch.Tensor, ...]:  # noqa: ANN401 - the module's arguments
    """Each of [1, total, width] as [1, sequences, width]."""
    return tuple(packed.layout.first_rows(rows).transpose(0, 1) for rows in tokens)
