"""Answering with another model or tokenizer: handlers put their own into `self.model` and `self.tokenizer`."""

from dataclasses import replace
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_predictor.engines.compiled import torchserve_signature
from transformermodel_predictor.engines.graph import GraphEngine
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.engines.torchscript import graph_of
from transformermodel_predictor.torchserve.ancestor.answering import Answering
from transformermodel_predictor.torchserve.ancestor.encoders import EncoderAnswering
from transformermodel_predictor.torchserve.ancestor.generators import GeneratorAnswering


def with_tokenizer(answering: Answering, tokenizer: PreTrainedTokenizerBase) -> Answering:
    """The same model, read with another tokenizer."""
    if isinstance(answering, EncoderAnswering | GeneratorAnswering):
        return replace(answering, tokenizer=tokenizer)
    raise TypeError(f"{type(answering).__name__} has its own tokenizer")


def with_model(answering: Answering, model: Any, max_length: int) -> Answering:  # noqa: ANN401 - whatever a handler has
    """The same task, answered by another model: one of transformers, compiled or not, or any that gives its outputs.

    Args:
        answering: what the archive holds.
        model: what takes its place.
        max_length: the longest row in tokens.
    """
    own = getattr(model, "_orig_mod", model)  # what torch.compile has wrapped
    if isinstance(answering, GeneratorAnswering):
        return replace(answering, model=own)
    if not isinstance(answering, EncoderAnswering):
        raise TypeError(f"{type(answering).__name__} has its own model")
    if isinstance(own, PreTrainedModel):
        return replace(answering, engine=PretrainedEngine(own), differentiable=own)
    signature = torchserve_signature(answering.task.name, answering.tokenizer, max_length)
    device = (
        next((parameter.device for parameter in model.parameters()), None) if hasattr(model, "parameters") else None
    )
    engine = GraphEngine(signature, graph_of(model, signature.outputs), *([device] if device else []))
    return replace(answering, engine=engine, differentiable=None)
