"""A transformers model as a graph can be made of it: plain tensors in a fixed order in and out."""

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.engines.graph import GraphEngine, padded
from transformermodel_predictor.engines.signature import ATTENTION_MASK, INPUT_IDS, GraphInput, Signature
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.tasks.task import Encoding

_LOGITS = "logits"
_TABLES = {"token_type_ids": "token_type_embeddings"}
"""Features that are looked up in a table of the model's, and the table's name."""


class PlainModel(nn.Module):
    """A model whose forward takes and gives tuples of tensors, as tracing and exporting need it.

    Args:
        model: in evaluation mode.
        signature: names and order of what it takes and gives; the outputs are given in float32.
    """

    def __init__(self, model: PreTrainedModel, signature: Signature) -> None:
        super().__init__()
        self.model = model
        self._inputs = tuple(item.name for item in signature.inputs)
        self._outputs = signature.outputs
        self._settings = _settings(model)

    def forward(self, *features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """One pass over int64 tensors [rows, longest]."""
        output = self.model(**dict(zip(self._inputs, features, strict=True)), **self._settings)
        return tuple(output[name].float() for name in self._outputs)


def plain_model(merged: Merged, place: Place, dtype: torch.dtype = torch.float32) -> tuple[PlainModel, Signature]:
    """The model for a place, in a dtype, and how it is called; a copy where either is not the model's own."""
    model = merged.model
    if model.dtype is not dtype or model.device != place.device:
        model = copy.deepcopy(model)
        nn.Module.to(model, place.device, dtype)  # transformers' own `to` has no types
    signature = _signature(merged, place)
    return PlainModel(model, signature).eval(), signature


def plain_engine(model: PlainModel, signature: Signature, device: torch.device) -> GraphEngine:
    """The model itself, called as its compiled forms are: what they are compared with."""
    return GraphEngine(signature, lambda tensors: model(*tensors), device)


def example(signature: Signature, device: torch.device) -> tuple[torch.Tensor, ...]:
    """A small batch to trace: two rows of different length where the graph takes more than one."""
    (rows,) = random_batches(signature, [(7, 5)[: signature.batch_size or 2]])
    rows += rows[:1] * ((signature.batch_size or 0) - len(rows))
    return tuple(tensor.to(device) for tensor in padded(rows, signature))


def random_batches(signature: Signature, lengths: Sequence[Sequence[int]]) -> list[list[Encoding]]:
    """Batches of random tokens, always the same; lengths over the limit are cut to it."""
    generator = torch.Generator().manual_seed(0)
    limit = signature.max_length
    return [[_random_row(signature, min(length, limit), generator) for length in batch] for batch in lengths]


def _random_row(signature: Signature, length: int, generator: torch.Generator) -> Encoding:
    features = {
        item.name: _random_values(item, length, generator) for item in signature.inputs if item.name != ATTENTION_MASK
    }
    return Encoding(features)


def _random_values(item: GraphInput, length: int, generator: torch.Generator) -> list[int]:
    values: list[int] = torch.randint(item.bound or 1, (length,), generator=generator).tolist()
    if item.name != INPUT_IDS:
        return sorted(values)  # as a first and a second text
    other = 0 if item.padding else 1
    return [other if value == item.padding else value for value in values]


def _signature(merged: Merged, place: Place) -> Signature:
    model = merged.model
    pad_token: int | None = getattr(model.config, "pad_token_id", None)
    return Signature(
        inputs=tuple(_inputs(merged, pad_token)),
        outputs=_outputs(model),
        max_length=merged.max_length,
        batch_size=1 if pad_token is None else place.batch_size,  # without it, padding cannot be told from text
        device=place.device.type,
    )


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
    """Names of the logits that a model gives, in its own order."""
    with torch.inference_mode():
        ids = torch.ones((1, 2), dtype=torch.int64, device=model.device)
        given = model(input_ids=ids, **_settings(model))
    return tuple(name for name, value in given.items() if name.endswith(_LOGITS) and isinstance(value, torch.Tensor))


def _settings(model: PreTrainedModel) -> dict[str, bool]:
    """Arguments that keep what is no tensor out of a model's output."""
    accepted = inspect.signature(model.forward).parameters
    return {"return_dict": True} | ({"use_cache": False} if "use_cache" in accepted else {})
