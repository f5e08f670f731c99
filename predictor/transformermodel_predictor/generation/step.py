"""The decoding step of a transformers model: one forward pass over the next token of every row."""

from typing import Any

import torch
from transformers import Cache, PreTrainedModel

from transformermodel_predictor.generation.held_layer import HeldLayer
from transformermodel_predictor.generation.rows import write
from transformermodel_predictor.generation.windows import Windows


class ModelStep:
    """Runs a step with the model itself. Takes and returns only tensors, so that it can be recorded.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._windows = Windows(model)

    def __call__(self, *arguments: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Read one token per row, and write its keys and values into the cache, in place.

        Args:
            arguments: the tokens, int64 [rows, 1]; their columns, which are also their positions, int64 [rows, 1]; the
                numbers of all columns up to the end of the longest row, int64 [1, columns]; and the cached keys and
                values of each layer, [rows or more, heads, columns or more, size].

        Returns:
            The logits [rows, vocabulary].
        """
        tokens, columns, held, *states = arguments
        layers = [
            _Layer(keys, values, columns, held.shape[1]) for keys, values in zip(states[::2], states[1::2], strict=True)
        ]
        output = self._model(
            input_ids=tokens,
            position_ids=columns,
            attention_mask=self._windows.masks(held, columns),
            past_key_values=Cache(layers=list(layers)),
            use_cache=True,
            logits_to_keep=1,
        )
        return (output.logits[:, -1],)


class _Layer(HeldLayer):  # type: ignore[no-untyped-call] # transformers' classes are not annotated
    """A cache layer that writes one token per row."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, columns: torch.Tensor, longest: int) -> None:
        super().__init__(longest - 1)
        self._held = keys, values
        self._places = columns
        self._longest = longest

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *_: Any,  # noqa: ANN401 - transformers' interface
        **__: Any,  # noqa: ANN401
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one token at the end of each row; returns the rows' keys and values up to the end of the longest."""
        keys, values = self._held
        write(keys, key_states, self._places)
        write(values, value_states, self._places)
        rows = self._places.shape[0]
        return keys[:rows, :, : self._longest], values[:rows, :, : self._longest]
