"""Which decoder suits a model: found out by trying, because no attribute of a model tells."""

import logging
from collections.abc import Callable
from functools import partial

from transformers import PreTrainedModel

from transformermodel_predictor.generation.decoder import SeparateDecoder
from transformermodel_predictor.generation.own_logits import OwnLogits
from transformermodel_predictor.generation.recorded_step import recorded_step
from transformermodel_predictor.generation.slots import SlotDecoder

_log = logging.getLogger(__name__)


def choose_decoder(model: PreTrainedModel) -> Callable[[], SlotDecoder | SeparateDecoder]:
    """What makes decoders that run all sequences at once where that gives this model's own logits; else one by one.

    On the CPU their step is recorded where it can be.

    Args:
        model: in evaluation mode; it must not be changed any more.

    Raises:
        PreparationFailed: UnsupportedArchitecture, the model cannot go on from what it has read; UnsupportedForm, not
            in 8 bit; OutOfMemory.
    """
    own = OwnLogits.of(model)
    reason = own.reason_against(lambda: SlotDecoder(model))
    if reason is not None:
        _log.warning("%s is decoded one sequence after another: together %s", type(model).__name__, reason)
        return partial(SeparateDecoder, model)
    if any(weight.device.type != "cpu" for weight in model.parameters()):
        return partial(SlotDecoder, model)
    return partial(SlotDecoder, model, recorded_step(model, own))
