"""One pass of a transformers model over a further token of every row."""

from typing import Any

import torch
from transformers import Cache, PreTrainedModel

from transformermodel_predictor.generation.held_layer import HeldLayer
from transformermodel_predictor.generation.rows import write
from transformermodel_predictor.generation.windows import Windows


class ModelStep:
    """A step as the model itself runs it. Takes and gives tensors alone, so that it can be recorded.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._windows = Windows(model)

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Read a token of every row, and write its keys and values into the rows, in place.

        Args:
            given: the tokens, int64 [rows, 1]; the columns into which they belong, int64 [rows, 1], which are their
                positions; all columns up to the end of the longest row, int64 [1, columns]; and for each layer its
                keys and its values, [rows or more, heads, columns or more, size].

        Returns:
            The logits [rows, vocabulary].
        """
        tokens, columns, held, *states = given
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
    """A layer of rows in one step, which writes one token of each."""

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
        """Write one token per row at the row's own end; what all rows hold, up to the end of the longest."""
        keys, values = self._held
        write(keys, key_states, self._places)
        write(values, value_states, self._places)
        rows = self._places.shape[0]
        return keys[:rows, :, : self._longest], values[:rows, :, : self._longest]
