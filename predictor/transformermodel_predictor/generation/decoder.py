"""The decoder interface: a language model with a cache row per sequence; and the decoder for any architecture."""

from collections.abc import Sequence
from itertools import repeat
from typing import Generic, Protocol, TypeVar

import torch
from transformers import Cache, DynamicCache, PreTrainedModel

_Cache = TypeVar("_Cache")


class Prompt(Generic[_Cache]):
    """A prompt being read into its own cache.

    Args:
        tokens: at least one.
        cache: receives the keys and values.

    Attributes:
        read: number of tokens read so far.
    """

    def __init__(self, tokens: Sequence[int], cache: _Cache) -> None:
        self.cache = cache
        self._tokens = tokens
        self.read = 0

    def take(self, most: int) -> Sequence[int]:
        """The next tokens to read, at most `most`; they count as read."""
        chunk = self._tokens[self.read : self.read + most]
        self.read += len(chunk)
        return chunk

    @property
    def left(self) -> int:
        """Number of tokens still to read."""
        return len(self._tokens) - self.read

    def __len__(self) -> int:
        """Number of its tokens."""
        return len(self._tokens)


class Decoder(Protocol[_Cache]):
    """A language model with a cache row per sequence.

    Used from one thread at a time. All logits are float32 on the CPU.
    """

    def open(self, tokens: Sequence[int]) -> Prompt[_Cache]:
        """A prompt of these tokens, unread."""
        ...

    def read(self, prompt: Prompt[_Cache], most: int) -> torch.Tensor | None:
        """Read at most `most` tokens of a prompt; returns the last position's logits [vocabulary] at its end."""
        ...

    def read_together(self, prompts: Sequence[Prompt[_Cache]]) -> list[torch.Tensor]:
        """Read short, unread prompts to their ends; returns the last position's logits [vocabulary] of each."""
        ...

    def join(self, prompt: Prompt[_Cache]) -> None:
        """Add a completely read prompt as the last row."""
        ...

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Append one token to every row, in order; returns the logits [rows, vocabulary] after it."""
        ...

    def leave(self, row: int) -> None:
        """Drop a row; the last one takes its place."""
        ...

    def clear(self) -> None:
        """Drop all rows."""
        ...


class SeparateDecoder:
    """Runs one forward pass per row, each with the architecture's own cache. Implements `Decoder` for any model.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._rows: list[Cache] = []

    def open(self, tokens: Sequence[int]) -> Prompt[Cache]:
        """See `Decoder`."""
        return Prompt(tokens, DynamicCache(config=self._model.config))

    def read(self, prompt: Prompt[Cache], most: int) -> torch.Tensor | None:
        """See `Decoder`."""
        logits = last_logits(self._model, prompt.take(most), prompt.cache)
        return None if prompt.left else logits

    def read_together(self, prompts: Sequence[Prompt[Cache]]) -> list[torch.Tensor]:
        """See `Decoder`; one pass per prompt."""
        return [last_logits(self._model, prompt.take(len(prompt)), prompt.cache) for prompt in prompts]

    def join(self, prompt: Prompt[Cache]) -> None:
        """See `Decoder`."""
        self._rows.append(prompt.cache)

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """See `Decoder`."""
        return torch.stack(
            [last_logits(self._model, [token], cache) for token, cache in zip(tokens, self._rows, strict=True)]
        )

    def leave(self, row: int) -> None:
        """Drop a row; the last one takes its place."""
        self._rows[row] = self._rows[-1]
        self._rows.pop()

    def clear(self) -> None:
        """Drop all rows."""
        self._rows.clear()


@torch.inference_mode()
def last_logits(model: PreTrainedModel, tokens: Sequence[int], cache: Cache, fill: int = 0) -> torch.Tensor:
    """Run one forward pass over the next tokens of one sequence.

    Args:
        model: in evaluation mode.
        tokens: at least one.
        cache: receives their keys and values, and those of the padding.
        fill: number of padding tokens after them.

    Returns:
        The logits [vocabulary] after the last of `tokens`, float32 on the CPU.
    """
    ids = torch.tensor([[*tokens, *repeat(tokens[-1], fill)]], device=model.device)
    output = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=fill + 1)
    logits: torch.Tensor = output.logits[0, -1 - fill].float().cpu()
    return logits
