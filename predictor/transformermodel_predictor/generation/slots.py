"""Many sequences of different lengths in one forward pass of a transformers model."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import Cache, DynamicCache, PreTrainedModel
from transformers.cache_utils import CacheLayerMixin

from transformermodel_predictor.generation.decoder import Prompt, read
from transformermodel_predictor.generation.rows import RowLayer, Rows
from transformermodel_predictor.generation.windows import Windows


class _Place:
    """Where the keys and values of a step are written, the same in all layers."""

    def __init__(self) -> None:
        self.columns = torch.empty(0, 0, dtype=torch.int64)
        self.longest = 0


class _Layer(CacheLayerMixin):  # type: ignore[no-untyped-call] # transformers' classes are not annotated
    """A layer of rows as transformers writes and reads it; the place says what is in use."""

    is_sliding = False

    def __init__(self, place: _Place, rows: RowLayer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._place = place
        self._rows = rows
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
        rows, used, longest = self._rows, len(self._place.columns), self._place.longest
        rows.write(key_states, value_states, self._place.columns)
        return rows.keys[:used, :, :longest], rows.values[:used, :, :longest]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns of the mask, and where they begin."""
        return self._place.longest, 0

    def get_seq_length(self) -> int:
        """Tokens before the step, in the longest row."""
        return self._place.longest - 1

    def get_max_length(self) -> int:
        """There is no limit."""
        return -1


class SlotDecoder:
    """One forward pass per step for all rows. Implements `Decoder`.

    For models whose layers keep keys and values of all positions, and that take positions and masks from outside:
    nearly all decoders. Whether a model is one of them is found out by trying (`choice.choose_decoder`).

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._place = _Place()
        self._rows = Rows(())
        self._cache: Cache | None = None
        self._windows = Windows(model)

    def open(self, tokens: Sequence[int]) -> Prompt[Cache]:
        """Begin with a prompt."""
        return Prompt(tokens, DynamicCache())

    def read(self, prompt: Prompt[Cache], most: int) -> torch.Tensor | None:
        """Read some more of a prompt."""
        return read(self._model, prompt, most)

    @torch.inference_mode()
    def read_together(self, prompts: Sequence[Prompt[Cache]]) -> list[torch.Tensor]:
        """Read short prompts in one pass. They are filled up behind their ends, where no token of theirs looks."""
        rows = [prompt.take(len(prompt)) for prompt in prompts]
        shortest, longest = min(map(len, rows)), max(map(len, rows))
        filled = [[*row, *[row[-1]] * (longest - len(row))] for row in rows]
        together = DynamicCache()
        output = self._model(
            input_ids=torch.tensor(filled, device=self._model.device),
            past_key_values=together,
            use_cache=True,
            logits_to_keep=longest - shortest + 1,
        )
        for row, prompt in enumerate(prompts):
            for layer, (keys, values) in enumerate(states_of(together)):
                prompt.cache.update(keys[row : row + 1], values[row : row + 1], layer)
        return [output.logits[row, len(tokens) - shortest].float().cpu() for row, tokens in enumerate(rows)]

    @torch.inference_mode()
    def join(self, prompt: Prompt[Cache]) -> None:
        """Copy a prompt's keys and values into the last row."""
        states = states_of(prompt.cache)
        if self._cache is None:
            self._rows = Rows([RowLayer(keys, values) for keys, values in states])
            self._cache = Cache(layers=[_Layer(self._place, layer) for layer in self._rows.layers])
        self._rows.add(states, len(prompt))

    @torch.inference_mode()
    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to every row."""
        place, device = self._place, self._model.device
        place.longest = self._rows.longest + 1
        place.columns = self._rows.room_for(1)
        output = self._model(
            input_ids=torch.tensor(tokens, device=device)[:, None],
            position_ids=place.columns,
            attention_mask=self._windows.masks(torch.arange(place.longest, device=device)[None], place.columns),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self._rows.lengthen(1)
        logits: torch.Tensor = output.logits[:, -1].float().cpu()
        return logits

    @torch.inference_mode()
    def leave(self, row: int) -> None:
        """Drop a row; the last one takes its place. The last to leave takes the memory with it."""
        self._rows.remove(row)

    @property
    def columns(self) -> int:
        """How many positions the cache has memory for, per row."""
        return self._rows.columns

    def clear(self) -> None:
        """Drop all rows and their memory."""
        self._rows.clear()


def states_of(cache: Cache) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Keys and values of each layer, [1, heads, columns, size].

    Raises:
        TypeError: a layer keeps something else.
    """
    states = []
    for layer in cache.layers:
        keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
        if not isinstance(keys, torch.Tensor) or not isinstance(values, torch.Tensor):
            raise TypeError(f"its cache has layers of the kind {type(layer).__name__}")
        states.append((keys, values))
    return states
