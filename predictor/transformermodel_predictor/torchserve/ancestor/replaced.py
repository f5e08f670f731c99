"""Replaces the model or the tokenizer: handlers assign their own to `self.model` and `self.tokenizer`."""

from dataclasses import replace
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from transformermodel_predictor.engines.compiled import torchserve_signature
from transformermodel_predictor.engines.graph import GraphEngine
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.engines.torchscript import graph_of
from transformermodel_predictor.torchserve.ancestor.encoders import EncoderTaskModel
from transformermodel_predictor.torchserve.ancestor.generators import GeneratorTaskModel
from transformermodel_predictor.torchserve.ancestor.task_model import TaskModel


def with_tokenizer(answering: TaskModel, tokenizer: PreTrainedTokenizerBase) -> TaskModel:
    """The same model with another tokenizer."""
    if isinstance(answering, EncoderTaskModel | GeneratorTaskModel):
        return replace(answering, tokenizer=tokenizer)
    raise TypeError(f"{type(answering).__name__} has its own tokenizer")


def with_model(answering: TaskModel, model: Any, max_length: int) -> TaskModel:  # noqa: ANN401 - whatever a handler has
    """The same task with another model: one of transformers, compiled or not, or any with the same outputs.

    Args:
        answering: the archive's model.
        model: its replacement.
        max_length: most tokens of a row.
    """
    own = getattr(model, "_orig_mod", model)  # what torch.compile has wrapped
    if isinstance(answering, GeneratorTaskModel):
        return replace(answering, model=own)
    if not isinstance(answering, EncoderTaskModel):
        raise TypeError(f"{type(answering).__name__} has its own model")
    if isinstance(own, PreTrainedModel):
        return replace(answering, engine=PretrainedEngine(own), differentiable=own)
    signature = torchserve_signature(answering.task.name, answering.tokenizer, max_length)
    device = (
        next((parameter.device for parameter in model.parameters()), None) if hasattr(model, "parameters") else None
    )
    engine = GraphEngine(signature, graph_of(model, signature.outputs), *([device] if device else []))
    return replace(answering, engine=engine, differentiable=None)
