"""The batched decoder of transformers models: many sequences of different lengths in one forward pass."""

from collections.abc import Sequence
from itertools import repeat

import torch
from transformers import Cache, DynamicCache, PreTrainedModel

from transformermodel_predictor.checkpoints.limits import model_limit
from transformermodel_predictor.engines.recording import Pass
from transformermodel_predictor.engines.tiles import filled_up, rounded_down, tile_of
from transformermodel_predictor.generation.decoder import Prompt, last_logits
from transformermodel_predictor.generation.rows import RowLayer, Rows
from transformermodel_predictor.generation.step import ModelStep


class SlotDecoder:
    """Runs one forward pass per step for all rows. Implements `Decoder`.

    For models that cache keys and values of all positions in every layer, and accept position ids and attention masks:
    nearly all decoders. `choice.choose_decoder` finds out by trying.

    Args:
        model: in evaluation mode.
        run: replaces the model's own step, such as a recording of it.
    """

    def __init__(self, model: PreTrainedModel, run: Pass | None = None) -> None:
        self._model = model
        self._run = run or ModelStep(model)
        self._rows = Rows(())
        self._tile = tile_of(model.dtype) if model.device.type == "cpu" else None
        self._positions = model_limit(model)

    def open(self, tokens: Sequence[int]) -> Prompt[Cache]:
        """See `Decoder`."""
        return Prompt(tokens, DynamicCache())

    def read(self, prompt: Prompt[Cache], most: int) -> torch.Tensor | None:
        """See `Decoder`; on CPUs passes have whole tiles of tokens, padded after the prompt's end."""
        if prompt.left > most:
            size = most if self._tile is None else rounded_down(most, self._tile) or most
            last_logits(self._model, prompt.take(size), prompt.cache)
            return None
        read = prompt.read
        tokens = prompt.take(most)
        return last_logits(self._model, tokens, prompt.cache, self._padded_length(read, len(tokens)) - len(tokens))

    @torch.inference_mode()
    def read_together(self, prompts: Sequence[Prompt[Cache]]) -> list[torch.Tensor]:
        """See `Decoder`; one pass, padded after the prompts' ends, which causal attention never sees."""
        rows = [prompt.take(len(prompt)) for prompt in prompts]
        shortest, longest = min(map(len, rows)), self._padded_length(0, max(map(len, rows)))
        padded = [[*row, *repeat(row[-1], longest - len(row))] for row in rows]
        cache = DynamicCache()
        output = self._model(
            input_ids=torch.tensor(padded, device=self._model.device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=longest - shortest + 1,
        )
        for row, prompt in enumerate(prompts):
            for layer, (keys, values) in enumerate(states_of(cache)):
                prompt.cache.update(keys[row : row + 1], values[row : row + 1], layer)
        return [output.logits[row, len(tokens) - shortest].float().cpu() for row, tokens in enumerate(rows)]

    @torch.inference_mode()
    def join(self, prompt: Prompt[Cache]) -> None:
        """See `Decoder`; copies the prompt's keys and values into the last row."""
        states = states_of(prompt.cache)
        if not self._rows.layers:
            self._rows = Rows([RowLayer(keys, values) for keys, values in states])
        self._rows.add(states, len(prompt))

    @torch.inference_mode()
    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """See `Decoder`."""
        (logits,) = self._run(*self.step_arguments(tokens))
        self._rows.lengthen(1)
        return logits.float().cpu()

    def step_arguments(self, tokens: Sequence[int]) -> tuple[torch.Tensor, ...]:
        """Allocate space for one token per row; returns the arguments of `ModelStep`."""
        device = self._model.device
        columns = self._rows.room_for(1)
        held = torch.arange(self._rows.longest + 1, device=device)[None]
        states = [states for layer in self._rows.layers for states in (layer.keys, layer.values)]
        return torch.tensor(tokens, device=device)[:, None], columns, held, *states

    @torch.inference_mode()
    def leave(self, row: int) -> None:
        """See `Decoder`; dropping the last row frees the memory."""
        self._rows.remove(row)

    @property
    def columns(self) -> int:
        """Positions allocated per row."""
        return self._rows.columns

    def clear(self) -> None:
        """See `Decoder`; frees the memory."""
        self._rows.clear()

    def _padded_length(self, read: int, tokens: int) -> int:
        """Length of a pass over `tokens` tokens after `read` others, padded to tiles within the model's positions.

        The padding's keys and values are dropped when the prompt joins.
        """
        if self._tile is None:
            return tokens
        return filled_up(tokens, self._tile, None if self._positions is None else self._positions - read)


def states_of(cache: Cache) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Keys and values of each layer, [rows, heads, columns, size].

    Raises:
        TypeError: a layer caches something else.
    """
    states = []
    for layer in cache.layers:
        keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
        if not isinstance(keys, torch.Tensor) or not isinstance(values, torch.Tensor):
            raise TypeError(f"its cache has layers of the kind {type(layer).__name__}")
        states.append((keys, values))
    return states
