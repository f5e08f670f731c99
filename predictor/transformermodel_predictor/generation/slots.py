"""Many sequences of different lengths in one forward pass.

Every sequence has a row of the cache, in which its keys and values begin at the first column: no padding on the left,
so a sequence never moves when others come or go. What lies behind its end is hidden by the attention mask.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import Cache, DynamicCache, PreTrainedModel
from transformers.cache_utils import CacheLayerMixin

from transformermodel_predictor.generation.decoder import Prompt, read

_COLUMNS = 64
"""The cache grows by multiples of so many columns, so that it is seldom copied."""


class _Place:
    """Where the keys and values of a step are written, the same in all layers."""

    def __init__(self) -> None:
        self.rows = torch.empty(0, dtype=torch.int64)
        self.columns = torch.empty(0, dtype=torch.int64)
        self.longest = 0


class _Layer(CacheLayerMixin):  # type: ignore[no-untyped-call] # transformers' classes are not annotated
    """Keys and values of one layer, [rows, heads, columns, size], of which the place says what is in use."""

    is_sliding = False
    keys: torch.Tensor
    values: torch.Tensor

    def __init__(self, place: _Place, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._place = place
        self.keys = keys.new_zeros(0, keys.shape[1], 0, keys.shape[3])
        self.values = values.new_zeros(0, values.shape[1], 0, values.shape[3])
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
        place = self._place
        self.keys[place.rows, :, place.columns] = key_states[:, :, 0]
        self.values[place.rows, :, place.columns] = value_states[:, :, 0]
        used = len(place.rows)
        return self.keys[:used, :, : place.longest], self.values[:used, :, : place.longest]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns of the mask, and where they begin."""
        return self._place.longest, 0

    def get_seq_length(self) -> int:
        """Tokens before the step, in the longest row."""
        return self._place.longest - 1

    def get_max_length(self) -> int:
        """There is no limit."""
        return -1

    def put(self, row: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Write a whole sequence [heads, columns, size] from the first column of a row."""
        self.keys = _grown(self.keys, row + 1, keys.shape[1])
        self.values = _grown(self.values, row + 1, values.shape[1])
        self.keys[row, :, : keys.shape[1]] = keys
        self.values[row, :, : values.shape[1]] = values

    def widen(self, columns: int) -> None:
        """Have room for so many columns."""
        self.keys = _grown(self.keys, 0, columns)
        self.values = _grown(self.values, 0, columns)


class SlotDecoder:
    """One forward pass per step for all rows.

    For models whose layers keep keys and values of all positions, and that take positions and masks from outside:
    nearly all decoders. Whether a model is one of them is found out by trying (`choice.choose_decoder`).

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._place = _Place()
        self._layers: list[_Layer] = []
        self._cache: Cache | None = None
        self._lengths: list[int] = []
        self._windows = _Windows(model)

    def open(self, tokens: Sequence[int]) -> Prompt:
        """Begin with a prompt."""
        return Prompt(tokens, DynamicCache())

    def read(self, prompt: Prompt, most: int) -> torch.Tensor | None:
        """Read some more of a prompt."""
        return read(self._model, prompt, most)

    @torch.inference_mode()
    def join(self, prompt: Prompt) -> None:
        """Copy a prompt's keys and values into the last row."""
        if self._cache is None:
            self._layers = [_Layer(self._place, keys, values) for keys, values in _states(prompt.cache)]
            self._cache = Cache(layers=list(self._layers))
        for layer, (keys, values) in zip(self._layers, _states(prompt.cache), strict=True):
            layer.put(len(self._lengths), keys[0], values[0])
        self._lengths.append(len(prompt))

    @torch.inference_mode()
    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to every row."""
        place, device = self._place, self._model.device
        place.longest = max(self._lengths) + 1
        place.rows = torch.arange(len(self._lengths), device=device)
        place.columns = torch.tensor(self._lengths, device=device)
        for layer in self._layers:
            layer.widen(place.longest)
        output = self._model(
            input_ids=torch.tensor(tokens, device=device)[:, None],
            position_ids=place.columns[:, None],
            attention_mask=self._windows.masks(place.columns, place.longest),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self._lengths = [length + 1 for length in self._lengths]
        logits: torch.Tensor = output.logits[:, -1].float().cpu()
        return logits

    @torch.inference_mode()
    def leave(self, row: int) -> None:
        """Drop a row; the last one takes its place. The last to leave takes the memory with it."""
        last = len(self._lengths) - 1
        if last == 0:
            self.clear()
            return
        if row != last:
            length = self._lengths[last]
            for layer in self._layers:
                layer.put(row, layer.keys[last, :, :length], layer.values[last, :, :length])
            self._lengths[row] = length
        self._lengths.pop()

    @property
    def columns(self) -> int:
        """How many positions the cache has memory for, per row."""
        return self._layers[0].keys.shape[2] if self._layers else 0

    def clear(self) -> None:
        """Drop all rows and their memory."""
        self._layers, self._cache, self._lengths = [], None, []


def _states(cache: Cache) -> list[tuple[torch.Tensor, torch.Tensor]]:
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


class _Windows:
    """The attention masks of a model: some layers see all that was there, some a window of it."""

    def __init__(self, model: PreTrainedModel) -> None:
        configuration = model.config.get_text_config()
        self._dtype = model.dtype
        self._window: int | None = getattr(configuration, "sliding_window", None)
        kinds = getattr(configuration, "layer_types", None) or ["sliding_attention"]
        self._kinds = sorted(set(kinds)) if self._window else ["full_attention"]

    def masks(self, columns: torch.Tensor, longest: int) -> torch.Tensor | dict[str, torch.Tensor]:
        """What is added to the scores, [rows, 1, 1, longest]: of the model, or by kind of layer where it has several.

        Args:
            columns: int64 [rows], the position of each row's new token.
            longest: positions of the longest row, that token included.
        """
        masks = {kind: self._mask(kind, columns, longest) for kind in self._kinds}
        return masks if len(masks) > 1 else masks[self._kinds[0]]

    def _mask(self, kind: str, columns: torch.Tensor, longest: int) -> torch.Tensor:
        there, ends = torch.arange(longest, device=columns.device), columns[:, None]
        seen = there <= ends
        if kind == "sliding_attention" and self._window is not None:
            seen &= there > ends - self._window
        hidden = torch.finfo(self._dtype).min
        mask = torch.zeros(seen.shape, dtype=self._dtype, device=columns.device).masked_fill(~seen, hidden)
        return mask[:, None, None]


def _grown(tensor: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """A tensor [rows, heads, columns, size] with at least so many rows and columns, its content as it was."""
    if rows <= tensor.shape[0] and columns <= tensor.shape[2]:
        return tensor
    tall = tensor.shape[0] if rows <= tensor.shape[0] else max(rows, 2 * tensor.shape[0])
    wide = max(tensor.shape[2], -(-columns // _COLUMNS) * _COLUMNS)
    grown = tensor.new_zeros(tall, tensor.shape[1], wide, tensor.shape[3])
    grown[: tensor.shape[0], :, : tensor.shape[2]] = tensor
    return grown
