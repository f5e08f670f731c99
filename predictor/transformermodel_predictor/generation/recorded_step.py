"""A step of a transformers model, recorded: of a small model's Python takes a third of the time."""

import logging

import torch
from transformers import PreTrainedModel
from transformers.integrations import sdpa_attention

from transformermodel_predictor.engines.recording import NotRecordable, Pass, record_pass
from transformermodel_predictor.generation.own_logits import OwnLogits, prompts_for
from transformermodel_predictor.generation.slots import SlotDecoder
from transformermodel_predictor.generation.step import ModelStep

_log = logging.getLogger(__name__)

_LENGTHS = (3, 5, 4)
_UNDOUBTED = (sdpa_attention.__file__,)
"""Where torch.jit's doubts mean nothing: it is asked there whether a step has several tokens, which it never has."""


def recorded_step(model: PreTrainedModel, own: OwnLogits) -> Pass | None:
    """A recording of the model's step, proven on other numbers of rows and columns; None where there can be none."""
    try:
        recorded = record_pass(model, ModelStep(model), _example(model), _UNDOUBTED)
    except NotRecordable as error:
        reason: str | None = str(error)
    else:
        reason = own.reason_against(lambda: SlotDecoder(model, recorded))
        if reason is None:
            return recorded
    _log.info("%s generates without a recording: %s", type(model).__name__, reason)
    return None


@torch.inference_mode()
def _example(model: PreTrainedModel) -> tuple[torch.Tensor, ...]:
    """What a step takes, of sizes that differ from each other and from those of the trial."""
    decoder = SlotDecoder(model)
    for tokens in prompts_for(model.config.get_text_config().vocab_size, _LENGTHS):
        prompt = decoder.open(tokens)
        decoder.read(prompt, len(tokens))
        decoder.join(prompt)
    return decoder.given([0] * len(_LENGTHS))
