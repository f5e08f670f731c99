"""Pauses in a pass over a model, forward and back, in which other work may have its turn."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.engines.packed.last_layer import layers_of

Pause = Callable[[], None]
"""Returns when the pass may go on."""


def pause_between_layers(model: PreTrainedModel, pause: Pause) -> None:
    """Let every pass over a model pause after each layer, and before each on the way back where it takes gradients.

    A pass over one long text takes several times as long as a prediction, and cannot be made of smaller ones.

    Args:
        model: a twin's own: it gets hooks.
        pause: called in the thread of the pass; on accelerators gradients are taken in threads of torch's.
    """

    def after(_: nn.Module, __: object, output: Any) -> None:  # noqa: ANN401 - tensor, tuple or transformers' output
        pause()
        hidden = output if isinstance(output, torch.Tensor) else output[0]
        if isinstance(hidden, torch.Tensor) and hidden.requires_grad:
            hidden.register_hook(lambda _: pause())  # type: ignore[no-untyped-call]

    for layer in layers_of(model):
        layer.register_forward_hook(after)
