"""Wraps a transformers model for tracing and export: plain tensors in a fixed order in and out."""

import copy
import inspect
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.end_tokens import end_token_of
from transformermodel_predictor.engines.graph import Graph, GraphEngine
from transformermodel_predictor.engines.padding import pad_token_of
from transformermodel_predictor.engines.signature import ATTENTION_MASK, INPUT_IDS, GraphInput, Signature
from transformermodel_predictor.graphs.batches import example
from transformermodel_predictor.preparation.forms.exportable import Exportable
from transformermodel_predictor.preparation.forms.faithful import require_faithful
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.merge import Merged

_LOGITS = "logits"
_TABLES = {"token_type_ids": "token_type_embeddings"}
"""Features that the model looks up in an embedding table, and the table's name."""


class PlainModel(nn.Module):
    """A model whose forward takes and returns tuples of tensors, as tracing and export require.

    Args:
        model: in evaluation mode.
        signature: names and order of inputs and outputs; outputs are float32.
    """

    def __init__(self, model: PreTrainedModel, signature: Signature) -> None:
        super().__init__()
        self.model = model
        self._inputs = tuple(item.name for item in signature.inputs)
        self._outputs = signature.outputs
        self._settings = _settings(model)

    def forward(self, *features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run one pass over int64 tensors [rows, longest]."""
        output = self.model(**dict(zip(self._inputs, features, strict=True)), **self._settings)
        return tuple(output[name].float() for name in self._outputs)


def exportable_encoder(merged: Merged, place: Place, dtype: torch.dtype = torch.float32) -> Exportable:
    """Make a model that answers from one pass over a text exportable, for a place and in a dtype."""
    plain, signature = plain_model(merged, place, dtype)
    end = end_token_of(merged.model.config)

    def check(candidate: Candidate, graph: Graph) -> None:
        engine = GraphEngine(signature, graph, place.device)
        require_faithful(candidate, engine, plain_engine(plain, signature, place.device), signature, end)

    tensors = example(signature, place.device, end)
    return Exportable(
        plain, signature, tensors, _axes(plain, signature, tensors), check, {"tokens": signature.max_length}
    )


def plain_model(merged: Merged, place: Place, dtype: torch.dtype = torch.float32) -> tuple[PlainModel, Signature]:
    """The model as a module of plain tensors, and how to call it."""
    signature = _signature(merged, place)
    return PlainModel(placed(merged.model, place, dtype), signature).eval(), signature


def placed(model: PreTrainedModel, place: Place, dtype: torch.dtype) -> PreTrainedModel:
    """The model on a place's device and in a dtype; a copy if either differs from the model's own."""
    if model.dtype is dtype and model.device == place.device:
        return model
    copied = copy.deepcopy(model)
    nn.Module.to(copied, place.device, dtype)  # transformers' own `to` is untyped
    return copied


def plain_engine(model: PlainModel, signature: Signature, device: torch.device) -> GraphEngine:
    """Run the model itself the way its compiled forms are run; they are compared with it."""
    return GraphEngine(signature, lambda tensors: model(*tensors), device)


def _signature(merged: Merged, place: Place) -> Signature:
    model = merged.model
    pad_token = pad_token_of(model)
    return Signature(
        inputs=tuple(_inputs(merged, pad_token)),
        outputs=_outputs(model),
        max_length=merged.max_length,
        batch_size=1 if pad_token is None else place.batch_size,  # without one, padding looks like text
        device=place.device.type,
    )


def _axes(model: PlainModel, signature: Signature, tensors: tuple[torch.Tensor, ...]) -> dict[str, dict[int, str]]:
    """The dimensions of inputs and outputs that depend on the batch."""
    both = {1: "tokens"} if signature.batch_size == 1 else {0: "rows", 1: "tokens"}
    outputs = zip(signature.outputs, model(*tensors), strict=True)
    length = tensors[0].shape[1]
    return {
        **dict.fromkeys(signature.input_names, both),
        **{
            name: {
                axis: size for axis, size in both.items() if axis == 0 or (value.dim() > 1 and value.shape[1] == length)
            }
            for name, value in outputs
        },
    }


def _inputs(merged: Merged, pad_token: int | None) -> list[GraphInput]:
    accepted, model = inspect.signature(merged.model.forward).parameters, merged.model
    tables = {name.rpartition(".")[2]: module for name, module in model.named_modules() if _is_table(module)}
    embeddings: Any = model.get_input_embeddings()
    vocabulary: int = embeddings.weight.shape[0]
    inputs = [GraphInput(INPUT_IDS, bound=vocabulary, padding=pad_token or 0)]
    if ATTENTION_MASK in accepted:
        inputs.append(GraphInput(ATTENTION_MASK, bound=2))
    for name in merged.tokenizer.model_input_names:
        if name in accepted and name not in (INPUT_IDS, ATTENTION_MASK):
            table = tables.get(_TABLES.get(name, ""))
            inputs.append(GraphInput(name, bound=vocabulary if table is None else table.num_embeddings))
    return inputs


def _is_table(module: nn.Module) -> bool:
    return isinstance(module, nn.Embedding)


def _outputs(model: PreTrainedModel) -> tuple[str, ...]:
    """Names of the logits that a model returns, in its own order."""
    with torch.inference_mode():
        ids = torch.tensor([[1, end_token_of(model.config) or 1]], device=model.device)
        given = model(input_ids=ids, **_settings(model))
    return tuple(name for name, value in given.items() if name.endswith(_LOGITS) and isinstance(value, torch.Tensor))


def _settings(model: PreTrainedModel) -> dict[str, bool]:
    """Arguments that keep everything but tensors out of a model's output."""
    accepted = inspect.signature(model.forward).parameters
    return {"return_dict": True} | ({"use_cache": False} if "use_cache" in accepted else {})
