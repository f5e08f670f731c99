"""Records the decoding step of a transformers model: in small models, Python takes a third of a step's time."""

import logging

import torch
from transformers import PreTrainedModel
from transformers.integrations import sdpa_attention

from transformermodel_predictor.engines.recording import NotRecordable, Pass, record_pass
from transformermodel_predictor.generation.reference_logits import ReferenceLogits, prompts_for
from transformermodel_predictor.generation.slots import SlotDecoder
from transformermodel_predictor.generation.step import ModelStep

_log = logging.getLogger(__name__)

_LENGTHS = (3, 5, 4)
_TRUSTED_FILES = (sdpa_attention.__file__,)
"""Source files whose tracer warnings are ignored: there, they concern steps of several tokens, which never occur."""


def recorded_step(model: PreTrainedModel, reference: ReferenceLogits) -> Pass | None:
    """Record the model's step, and prove it on other numbers of rows and columns; None if that fails."""
    try:
        recorded = record_pass(model, ModelStep(model), _example(model), _TRUSTED_FILES)
    except NotRecordable as error:
        problem: str | None = str(error)
    else:
        problem = reference.mismatch(lambda: SlotDecoder(model, recorded))
        if problem is None:
            return recorded
    _log.info("%s generates without a recording: %s", type(model).__name__, problem)
    return None


@torch.inference_mode()
def _example(model: PreTrainedModel) -> tuple[torch.Tensor, ...]:
    """Arguments of a step, of sizes that differ from each other and from those of the trial."""
    decoder = SlotDecoder(model)
    for tokens in prompts_for(model.config.get_text_config().vocab_size, _LENGTHS):
        prompt = decoder.open(tokens)
        decoder.read(prompt, len(tokens))
        decoder.join(prompt)
    return decoder.step_arguments([0] * len(_LENGTHS))
