"""TorchServe's generalized handler for models that AWS Neuron has compiled, which take batches of one size."""

import os
from typing import Any

import torch
from Transformer_handler_generalized import (
    TransformersSeqClassifierHandler,
    captum_sequence_forward,
    construct_input_ref,
    get_word_token,
    summarize_attributions,
)

__all__ = [
    "TransformersSeqClassifierNeuronHandler",
    "captum_sequence_forward",
    "construct_input_ref",
    "get_word_token",
    "summarize_attributions",
]


class TransformersSeqClassifierNeuronHandler(TransformersSeqClassifierHandler):
    """The generalized handler, in batches of `handler.batch_size` rows.

    Without Neuron's libraries a model that needs them (`handler.hardware` neuron or neuronx) is refused when it loads;
    a graph that was traced for the CPU runs there.
    """

    def initialize(self, ctx: Any) -> None:
        """Load the graph; each worker takes one of Neuron's cores.

        Raises:
            TransformerModelError: it cannot be loaded, or not here; the message says why, in one line.
        """
        os.environ.setdefault("NEURON_RT_NUM_CORES", "1")
        super().initialize(ctx)
        self.batch_size = self._require_setup().configuration.batch_size

    def inference(self, input_batch: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """The answers to a batch with fewer rows than the model takes; it is filled up with empty ones."""
        rows = len(input_batch[0])
        missing = max(self.batch_size - rows, 0)
        filled = tuple(torch.nn.functional.pad(tensor, (0, 0, 0, missing)) for tensor in input_batch)
        return super().inference(filled, *args, **kwargs)[:rows]
