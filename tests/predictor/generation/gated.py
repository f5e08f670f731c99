"""A decoder that steps only when a test lets it."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from transformermodel_predictor.generation.decoder import Decoder, Prompt
from transformermodel_predictor.generation.loaded import LoadedGenerator


class GatedDecoder:
    """Notes how many rows each step had."""

    def __init__(self, decoder: Decoder[Any]) -> None:
        self._decoder = decoder
        self._permits = threading.Semaphore(0)
        self.steps: list[int] = []

    def permit(self, steps: int) -> None:
        self._permits.release(steps)

    def open(self, tokens: Sequence[int]) -> Prompt[Any]:
        return self._decoder.open(tokens)

    def read(self, prompt: Prompt[Any], most: int) -> torch.Tensor | None:
        return self._decoder.read(prompt, most)

    def read_together(self, prompts: Sequence[Prompt[Any]]) -> list[torch.Tensor]:
        return self._decoder.read_together(prompts)

    def join(self, prompt: Prompt[Any]) -> None:
        self._decoder.join(prompt)

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        self._permits.acquire()
        self.steps.append(len(tokens))
        return self._decoder.step(tokens)

    def leave(self, row: int) -> None:
        self._decoder.leave(row)

    def clear(self) -> None:
        self._decoder.clear()


def behind(gated: GatedDecoder, generator: LoadedGenerator) -> LoadedGenerator:
    """The model, run only when the test lets it."""
    return replace(generator, new_decoder=lambda: gated)
