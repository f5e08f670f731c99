"""Many sequences of different lengths in one forward pass of a transformers model."""

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
    """One forward pass per step for all rows. Implements `Decoder`.

    For models whose layers keep keys and values of all positions, and that take positions and masks from outside:
    nearly all decoders. Whether a model is one of them is found out by trying (`choice.choose_decoder`).

    Args:
        model: in evaluation mode.
        run: what runs in place of the model's own step, such as a recording of it.
    """

    def __init__(self, model: PreTrainedModel, run: Pass | None = None) -> None:
        self._model = model
        self._run = run or ModelStep(model)
        self._rows = Rows(())
        self._tile = tile_of(model.dtype) if model.device.type == "cpu" else None
        self._positions = model_limit(model)

    def open(self, tokens: Sequence[int]) -> Prompt[Cache]:
        """Begin with a prompt."""
        return Prompt(tokens, DynamicCache())

    def read(self, prompt: Prompt[Cache], most: int) -> torch.Tensor | None:
        """Read some more of a prompt: as many tokens as are read of others too, filled up behind its end."""
        if prompt.left > most:
            whole = most if self._tile is None else rounded_down(most, self._tile) or most
            last_logits(self._model, prompt.take(whole), prompt.cache)
            return None
        read = prompt.read
        tokens = prompt.take(most)
        return last_logits(self._model, tokens, prompt.cache, self._filled(read, len(tokens)) - len(tokens))

    @torch.inference_mode()
    def read_together(self, prompts: Sequence[Prompt[Cache]]) -> list[torch.Tensor]:
        """Read short prompts in one pass. They are filled up behind their ends, where no token of theirs looks."""
        rows = [prompt.take(len(prompt)) for prompt in prompts]
        shortest, longest = min(map(len, rows)), self._filled(0, max(map(len, rows)))
        filled = [[*row, *repeat(row[-1], longest - len(row))] for row in rows]
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
        if not self._rows.layers:
            self._rows = Rows([RowLayer(keys, values) for keys, values in states])
        self._rows.add(states, len(prompt))

    @torch.inference_mode()
    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to every row."""
        (logits,) = self._run(*self.given(tokens))
        self._rows.lengthen(1)
        return logits.float().cpu()

    def given(self, tokens: Sequence[int]) -> tuple[torch.Tensor, ...]:
        """What a step over these tokens takes; there is room for them."""
        device = self._model.device
        columns = self._rows.room_for(1)
        held = torch.arange(self._rows.longest + 1, device=device)[None]
        states = [states for layer in self._rows.layers for states in (layer.keys, layer.values)]
        return torch.tensor(tokens, device=device)[:, None], columns, held, *states

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

    def _filled(self, read: int, tokens: int) -> int:
        """How many tokens are run in place of so many, after those that were read: never beyond the model's positions.

        What they leave in a cache is cut off when the prompt joins.
        """
        if self._tile is None:
            return tokens
        return filled_up(tokens, self._tile, None if self._positions is None else self._positions - read)


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
