"""What a model gives when its sequences are decoded one by one: what every other way is compared with."""

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
"""Of the largest logit, for the dtypes that are shorter than float32."""


@dataclass(frozen=True)
class OwnLogits:
    """What a model gives when sequences are decoded one by one: what every other way is compared with.

    Attributes:
        prompts: of different lengths.
        logits: of a trial with them.
        tolerance: largest difference, as a share of the largest logit.
    """

    prompts: list[list[int]]
    logits: torch.Tensor
    tolerance: float

    @classmethod
    def of(cls, model: PreTrainedModel) -> Self:
        """Try a model.

        Raises:
            PreparationFailed: UnsupportedArchitecture, it cannot go on from what it has read; UnsupportedForm, not in 8
                bit; OutOfMemory.
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
        own = cls(prompts, logits, _TOLERANCE.get(model.dtype, _COARSE_TOLERANCE))
        if own._close(own.logits[: len(prompts)], whole):
            return own
        if is_quantized(model):
            raise PreparationFailed(
                FailureReason.UnsupportedForm,
                f"{type(model).__name__} in Int8 gives other logits when it goes on token by token: its activations do "
                "not bear so few bits. BFloat16 takes twice the memory and keeps them.",
            )
        raise PreparationFailed(
            FailureReason.UnsupportedArchitecture,
            f"{type(model).__name__} forgets what it has read: its logits differ when it goes on token by token.",
        )

    def reason_against(self, make: Callable[[], Decoder[Any]]) -> str | None:
        """Why a decoder does not suit the model, in a few words; None where it gives the model's own logits.

        Raises:
            PreparationFailed: OutOfMemory, which says nothing about the decoder.
        """
        try:
            with resources_classified():
                return None if self._close(self.logits, trial(make(), self.prompts)) else "its logits differ"
        except PreparationFailed:
            raise
        except Exception as error:  # noqa: BLE001 - likewise; whoever asks has another way
            return one_line(error)

    def _close(self, own: torch.Tensor, other: torch.Tensor) -> bool:
        return bool(torch.isfinite(other).all()) and bool((own - other).abs().max() <= self.tolerance * own.abs().max())


def prompts_for(vocabulary: int, lengths: Sequence[int]) -> list[list[int]]:
    """Prompts of these lengths, always the same, of tokens from the middle of the vocabulary.

    At its beginning are special tokens: of a text of those alone the logits in bfloat16 are mostly rounding.
    """
    return [
        [(vocabulary // 3 + 997 * place + 31 * length) % vocabulary for place in range(length)] for length in lengths
    ]


def trial(decoder: Decoder[Any], prompts: Sequence[Sequence[int]], most: int | None = None) -> torch.Tensor:
    """Logits [rows, vocabulary] after a step of all prompts, after a further one without the first, and of the prompts.

    Args:
        decoder: without rows.
        prompts: what is read.
        most: how many tokens of a prompt at a time; all of all prompts together when None.
    """
    opened = [decoder.open(tokens) for tokens in prompts]
    ends = decoder.read_together(opened) if most is None else [_read(decoder, prompt, most) for prompt in opened]
    for prompt in opened:
        decoder.join(prompt)
    together = decoder.step([tokens[0] for tokens in prompts])
    decoder.leave(0)
    left = [*prompts[-1:], *prompts[1:-1]]  # the last has taken the place of the first
    return torch.cat([together, decoder.step([tokens[0] for tokens in left]), torch.stack(ends)])


def _read(decoder: Decoder[Any], prompt: Prompt[Any], most: int) -> torch.Tensor:
    logits = None
    while logits is None:
        logits = decoder.read(prompt, most)
    return logits


@torch.inference_mode()
def _without_cache(model: PreTrainedModel, prompts: list[list[int]]) -> torch.Tensor:
    """Logits [rows, vocabulary] after the first step, from whole sequences."""
    rows = [model(torch.tensor([[*tokens, tokens[0]]], device=model.device), use_cache=False) for tokens in prompts]
    return torch.stack([row.logits[0, -1].float().cpu() for row in rows])
