"""Which decoder suits a model: found out by trying, because no attribute of a model tells."""

import logging

import torch
from transformers import PreTrainedModel

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.generation.decoder import Decoder, SeparateDecoder
from transformermodel_predictor.generation.slots import SlotDecoder
from transformermodel_predictor.pretrained import one_line

_log = logging.getLogger(__name__)

_PROMPT_LENGTHS = (2, 6)
_TOLERANCE = {torch.float32: 1e-3}
_COARSE_TOLERANCE = 0.1
"""Of the largest logit, for the dtypes that are shorter than float32."""


def choose_decoder(model: PreTrainedModel) -> type[SlotDecoder] | type[SeparateDecoder]:
    """The kind of decoder that runs all sequences at once where that gives this model's own logits; else one by one.

    Raises:
        PreparationFailed: UnsupportedArchitecture, the model cannot go on from what it has read.
    """
    prompts = _prompts(model)
    try:
        own = _logits(SeparateDecoder(model), prompts)
        remembers = _close(_without_cache(model, prompts), own[: len(prompts)])
    except Exception as error:  # what it is depends on the architecture
        raise PreparationFailed(
            FailureReason.UnsupportedArchitecture,
            f"{type(model).__name__} cannot generate token by token ({one_line(error)}).",
        ) from error
    if not remembers:
        raise PreparationFailed(
            FailureReason.UnsupportedArchitecture,
            f"{type(model).__name__} forgets what it has read: its logits differ when it goes on token by token.",
        )
    try:
        together = _logits(SlotDecoder(model), prompts)
        reason = None if _close(own, together) else "its logits differ"
    except Exception as error:  # noqa: BLE001 - likewise; the other decoder is there for it
        reason = one_line(error)
    if reason is None:
        return SlotDecoder
    _log.warning("%s is decoded one sequence after another: together %s", type(model).__name__, reason)
    return SeparateDecoder


def _prompts(model: PreTrainedModel) -> list[list[int]]:
    size = model.config.get_text_config().vocab_size
    return [[(7 * place + 3 * length) % size for place in range(length)] for length in _PROMPT_LENGTHS]


def _logits(decoder: Decoder, prompts: list[list[int]]) -> torch.Tensor:
    """Logits [rows, vocabulary] after a step of all prompts, and after a further one without the first."""
    for tokens in prompts:
        prompt = decoder.open(tokens)
        decoder.read(prompt, len(tokens))
        decoder.join(prompt)
    together = decoder.step([tokens[0] for tokens in prompts])
    decoder.leave(0)
    return torch.cat([together, decoder.step([tokens[0] for tokens in prompts[1:]])])


@torch.inference_mode()
def _without_cache(model: PreTrainedModel, prompts: list[list[int]]) -> torch.Tensor:
    """Logits [rows, vocabulary] after the first step, from whole sequences."""
    rows = [model(torch.tensor([[*tokens, tokens[0]]], device=model.device), use_cache=False) for tokens in prompts]
    return torch.stack([row.logits[0, -1].float().cpu() for row in rows])


def _close(own: torch.Tensor, together: torch.Tensor) -> bool:
    tolerance = _TOLERANCE.get(own.dtype, _COARSE_TOLERANCE)
    return bool(torch.isfinite(together).all()) and bool((own - together).abs().max() <= tolerance * own.abs().max())
