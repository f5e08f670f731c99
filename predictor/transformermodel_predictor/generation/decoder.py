"""How the tokens that were there already are kept while sequences grow: a decoder and its rows."""

from collections.abc import Sequence
from itertools import repeat
from typing import Generic, Protocol, TypeVar

import torch
from transformers import Cache, DynamicCache, PreTrainedModel

_Memory = TypeVar("_Memory")


class Prompt(Generic[_Memory]):
    """A prompt while it is read, in a cache of its own.

    Args:
        tokens: at least one.
        cache: where its keys and values go.

    Attributes:
        read: how many tokens have been read.
    """

    def __init__(self, tokens: Sequence[int], cache: _Memory) -> None:
        self.cache = cache
        self._tokens = tokens
        self.read = 0

    def take(self, most: int) -> Sequence[int]:
        """The next tokens to read."""
        chunk = self._tokens[self.read : self.read + most]
        self.read += len(chunk)
        return chunk

    @property
    def left(self) -> int:
        """How many tokens are still to be read."""
        return len(self._tokens) - self.read

    def __len__(self) -> int:
        """Number of its tokens."""
        return len(self._tokens)


class Decoder(Protocol[_Memory]):
    """A language model with a row per sequence, whatever runs it and keeps what was read.

    Used from one thread at a time.
    """

    def open(self, tokens: Sequence[int]) -> Prompt[_Memory]:
        """Begin with a prompt."""
        ...

    def read(self, prompt: Prompt[_Memory], most: int) -> torch.Tensor | None:
        """Read at most so many tokens of a prompt; the logits [vocabulary] of its last position once it is read."""
        ...

    def read_together(self, prompts: Sequence[Prompt[_Memory]]) -> list[torch.Tensor]:
        """Read short prompts, of which nothing was read yet, to their ends; the logits [vocabulary] of each."""
        ...

    def join(self, prompt: Prompt[_Memory]) -> None:
        """Make a prompt that has been read the last row."""
        ...

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to every row, in their order; the logits [rows, vocabulary] after it, float32, on the CPU."""
        ...

    def leave(self, row: int) -> None:
        """Drop a row; the last one takes its place."""
        ...

    def clear(self) -> None:
        """Drop all rows."""
        ...


class SeparateDecoder:
    """One forward pass per row, each with a cache of its architecture: for every model that generates at all.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._rows: list[Cache] = []

    def open(self, tokens: Sequence[int]) -> Prompt[Cache]:
        """Begin with a prompt."""
        return Prompt(tokens, DynamicCache(config=self._model.config))

    def read(self, prompt: Prompt[Cache], most: int) -> torch.Tensor | None:
        """Read some more of a prompt."""
        logits = last_logits(self._model, prompt.take(most), prompt.cache)
        return None if prompt.left else logits

    def read_together(self, prompts: Sequence[Prompt[Cache]]) -> list[torch.Tensor]:
        """Read short prompts, each by itself."""
        return [last_logits(self._model, prompt.take(len(prompt)), prompt.cache) for prompt in prompts]

    def join(self, prompt: Prompt[Cache]) -> None:
        """Make a prompt that has been read the last row."""
        self._rows.append(prompt.cache)

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to every row."""
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
    """One forward pass over further tokens of one sequence.

    Args:
        model: in evaluation mode.
        tokens: at least one.
        cache: where their keys and values go, and those of what they are filled up with.
        fill: by how many tokens they are filled up behind their end.

    Returns:
        The logits [vocabulary] of the last one of them.
    """
    ids = torch.tensor([[*tokens, *repeat(tokens[-1], fill)]], device=model.device)
    output = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=fill + 1)
    logits: torch.Tensor = output.logits[0, -1 - fill].float().cpu()
    return logits
