"""Chooses the decoder for a model, by trying: no attribute of a model tells which one works."""

import logging
from collections.abc import Callable
from functools import partial

from transformers import PreTrainedModel

from transformermodel_predictor.generation.decoder import SeparateDecoder
from transformermodel_predictor.generation.recorded_step import recorded_step
from transformermodel_predictor.generation.reference_logits import ReferenceLogits
from transformermodel_predictor.generation.slots import SlotDecoder

_log = logging.getLogger(__name__)


def choose_decoder(model: PreTrainedModel) -> Callable[[], SlotDecoder | SeparateDecoder]:
    """A factory of decoders: batched if that reproduces the model's logits, else one sequence at a time.

    On the CPU, the step of a batched decoder is recorded if possible.

    Args:
        model: in evaluation mode; must not be changed afterwards.

    Raises:
        PreparationFailed: UnsupportedArchitecture, the model cannot continue from its cache; UnsupportedForm, it cannot
            in 8 bits; OutOfMemory.
    """
    reference = ReferenceLogits.of(model)
    mismatch = reference.mismatch(lambda: SlotDecoder(model))
    if mismatch is not None:
        _log.warning("%s is decoded one sequence at a time: batched, %s", type(model).__name__, mismatch)
        return partial(SeparateDecoder, model)
    if any(weight.device.type != "cpu" for weight in model.parameters()):
        return partial(SlotDecoder, model)
    return partial(SlotDecoder, model, recorded_step(model, reference))
