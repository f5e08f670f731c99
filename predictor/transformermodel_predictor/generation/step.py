"""One pass of a transformers model over a further token of every row."""

from typing import Any

import torch
from transformers import Cache, PreTrainedModel
from transformers.cache_utils import CacheLayerMixin

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


class _Layer(CacheLayerMixin):  # type: ignore[no-untyped-call] # transformers' classes are not annotated
    """A layer of rows as transformers writes and reads it in one step."""

    is_sliding = False

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, columns: torch.Tensor, longest: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._held = keys, values
        self._columns = columns
        self._longest = longest
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Nothing to do: it is made with the first prompt."""

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *_: Any,  # noqa: ANN401 - transformers' interface
        **__: Any,  # noqa: ANN401
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one token per row at the row's own end; what all rows hold, up to the end of the longest."""
        keys, values = self._held
        write(keys, key_states, self._columns)
        write(values, value_states, self._columns)
        rows = self._columns.shape[0]
        return keys[:rows, :, : self._longest], values[:rows, :, : self._longest]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns of the mask, and where they begin."""
        return self._longest, 0

    def get_seq_length(self) -> int:
        """Tokens before the step, in the longest row."""
        return self._longest - 1

    def get_max_length(self) -> int:
        """There is no limit."""
        return -1
