"""Pauses between the layers of a forward and backward pass, in which other work can run."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.engines.packed.last_layer import layers_of

Pause = Callable[[], None]
"""Blocks until the pass may continue."""


def pause_between_layers(model: PreTrainedModel, pause: Pause) -> None:
    """Make every pass over a model pause after each layer, forward and, where gradients are recorded, backward.

    One pass over a long text takes several times as long as a prediction, and cannot be split otherwise.

    Args:
        model: the twin's, which gets hooks.
        pause: called in the thread of the pass; on accelerators autograd runs the backward pass in its own threads.
    """

    def after(_: nn.Module, __: object, output: Any) -> None:  # noqa: ANN401 - tensor, tuple or transformers' output
        pause()
        hidden = output if isinstance(output, torch.Tensor) else output[0]
        if isinstance(hidden, torch.Tensor) and hidden.requires_grad:
            hidden.register_hook(lambda _: pause())  # type: ignore[no-untyped-call]

    for layer in layers_of(model):
        layer.register_forward_hook(after)
