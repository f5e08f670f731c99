"""Reference logits: a model's own when it decodes sequences one by one; every other decoder is compared with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.engines.quantization import is_quantized
from transformermodel_predictor.generation.decoder import Decoder, Prompt, SeparateDecoder
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.resources import resources_classified

_PROMPT_LENGTHS = (2, 6)
_TOLERANCE = {torch.float32: 1e-3}
_COARSE_TOLERANCE = 0.1
"""For dtypes shorter than float32, relative to the largest logit."""


@dataclass(frozen=True)
class ReferenceLogits:
    """A model's logits on a few prompts, decoded one by one.

    Attributes:
        prompts: token ids, of different lengths.
        logits: from `trial` with these prompts.
        tolerance: largest difference, relative to the largest logit.
    """

    prompts: list[list[int]]
    logits: torch.Tensor
    tolerance: float

    @classmethod
    def of(cls, model: PreTrainedModel) -> Self:
        """Decode the prompts with a model, and check them against passes over whole sequences.

        Raises:
            PreparationFailed: UnsupportedArchitecture, the model cannot continue from its cache; UnsupportedForm, it
                cannot in 8 bits; OutOfMemory.
        """
        prompts = prompts_for(model.config.get_text_config().vocab_size, _PROMPT_LENGTHS)
        try:
            with resources_classified():
                logits, whole = trial(SeparateDecoder(model), prompts), _without_cache(model, prompts)
        except PreparationFailed:
            raise
        except Exception as error:  # what it is depends on the architecture
            raise PreparationFailed(
                FailureReason.UnsupportedArchitecture,
                f"{type(model).__name__} cannot generate token by token ({one_line(error)}).",
            ) from error
        reference = cls(prompts, logits, _TOLERANCE.get(model.dtype, _COARSE_TOLERANCE))
        if reference._close(reference.logits[: len(prompts)], whole):
            return reference
        if is_quantized(model):
            raise PreparationFailed(
                FailureReason.UnsupportedForm,
                f"{type(model).__name__} in Int8 gives other logits when it generates token by token: its activations "
                "do not tolerate 8 bits. BFloat16 takes twice the memory and keeps them.",
            )
        raise PreparationFailed(
            FailureReason.UnsupportedArchitecture,
            f"{type(model).__name__} cannot generate token by token: with its cache it gives other logits.",
        )

    def mismatch(self, make: Callable[[], Decoder[Any]]) -> str | None:
        """Why a decoder does not suit the model, in a few words; None if it reproduces the reference logits.

        Raises:
            PreparationFailed: OutOfMemory, which says nothing about the decoder.
        """
        try:
            with resources_classified():
                return None if self._close(self.logits, trial(make(), self.prompts)) else "its logits differ"
        except PreparationFailed:
            raise
        except Exception as error:  # noqa: BLE001 - it depends on the architecture; the caller has another decoder
            return one_line(error)

    def _close(self, expected: torch.Tensor, actual: torch.Tensor) -> bool:
        largest_error = self.tolerance * expected.abs().max()
        return bool(torch.isfinite(actual).all()) and bool((expected - actual).abs().max() <= largest_error)


def prompts_for(vocabulary: int, lengths: Sequence[int]) -> list[list[int]]:
    """Deterministic prompts of these lengths, of token ids from the middle of the vocabulary.

    The first ids are special tokens, on which bfloat16 logits are mostly rounding error.
    """
    return [
        [(vocabulary // 3 + 997 * place + 31 * length) % vocabulary for place in range(length)] for length in lengths
    ]


def trial(decoder: Decoder[Any], prompts: Sequence[Sequence[int]], most: int | None = None) -> torch.Tensor:
    """Exercise a decoder: read prompts, step all rows, drop the first row, and step the others.

    Args:
        decoder: without rows.
        prompts: token ids.
        most: tokens of a prompt to read at a time; None reads all prompts together.

    Returns:
        Logits [rows, vocabulary]: of the first step, of the second, and at the ends of the prompts.
    """
    opened = [decoder.open(tokens) for tokens in prompts]
    ends = decoder.read_together(opened) if most is None else [_read(decoder, prompt, most) for prompt in opened]
    for prompt in opened:
        decoder.join(prompt)
    first = decoder.step([tokens[0] for tokens in prompts])
    decoder.leave(0)
    remaining = [*prompts[-1:], *prompts[1:-1]]  # the last row has taken the place of the first
    return torch.cat([first, decoder.step([tokens[0] for tokens in remaining]), torch.stack(ends)])


def _read(decoder: Decoder[Any], prompt: Prompt[Any], most: int) -> torch.Tensor:
    logits = None
    while logits is None:
        logits = decoder.read(prompt, most)
    return logits


@torch.inference_mode()
def _without_cache(model: PreTrainedModel, prompts: list[list[int]]) -> torch.Tensor:
    """Logits [rows, vocabulary] after the first step, from passes over whole sequences."""
    rows = [model(torch.tensor([[*tokens, tokens[0]]], device=model.device), use_cache=False) for tokens in prompts]
    return torch.stack([row.logits[0, -1].float().cpu() for row in rows])
