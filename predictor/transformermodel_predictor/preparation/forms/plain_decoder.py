"""Wraps a transformers language model for tracing and export: its cache goes in and out as plain tensors."""

from typing import Any

import torch
from torch import nn
from transformers import Cache, DynamicCache, PreTrainedModel

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.checkpoints.limits import model_limit
from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.graph import Graph
from transformermodel_predictor.engines.signature import INPUT_IDS
from transformermodel_predictor.generation.graph_decoder import GraphDecoder
from transformermodel_predictor.generation.graph_signature import LENGTHS, LOGITS, DecoderSignature, LayerShape
from transformermodel_predictor.generation.held_layer import HeldLayer
from transformermodel_predictor.generation.loading import ends_of
from transformermodel_predictor.generation.reference_logits import ReferenceLogits, prompts_for, trial
from transformermodel_predictor.generation.slots import states_of
from transformermodel_predictor.generation.windows import Windows
from transformermodel_predictor.preparation.forms.exportable import Exportable
from transformermodel_predictor.preparation.forms.faithful import require_close
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.forms.plain import placed
from transformermodel_predictor.preparation.merge import Merged

_NOWHERE = 2**31 - 1
"""Position of an empty column: after all others, so that the causal mask hides it."""

_EXAMPLE = (2, 3, 5)
"""Rows, tokens and columns of the traced call."""

_LENGTHS = (7, 70, 1, 33)
_MOST = 40
"""Tokens to read at a time: the prompts take one part or several, and rows have one, two or no spare columns."""


class _Layer(HeldLayer):  # type: ignore[no-untyped-call] # transformers' classes are not annotated
    """A layer's cached keys and values, as passed in, and those of the tokens just read."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__(keys.shape[2])
        self._held = keys, values
        self.read = keys, values

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *_: Any,  # noqa: ANN401 - transformers' interface
        **__: Any,  # noqa: ANN401
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Record the new states; they come after the cached ones, whatever their positions."""
        self.read = key_states, value_states
        keys, values = self._held
        return torch.cat([keys, key_states], dim=2), torch.cat([values, value_states], dim=2)


class PlainDecoder(nn.Module):
    """A language model with the inputs and outputs of `graph_signature`, as tracing and export require.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self._windows = Windows(model)

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Read tokens [rows, tokens] after the cached ones; returns the last logits and the states to be cached."""
        input_ids, lengths, *held = tensors
        device = input_ids.device
        positions = lengths[:, None] + torch.arange(input_ids.shape[1], device=device)
        columns = torch.arange(held[0].shape[2], device=device)[None]
        there = torch.where(columns < lengths[:, None], columns, _NOWHERE)
        layers = [_Layer(keys, values) for keys, values in zip(held[::2], held[1::2], strict=True)]
        output = self.model(
            input_ids=input_ids,
            position_ids=positions,
            attention_mask=self._windows.masks(torch.cat([there, positions], dim=1), positions),
            past_key_values=Cache(layers=list(layers)),
            use_cache=True,
            logits_to_keep=1,
        )
        return (output.logits[:, -1].float(), *(tensor for layer in layers for tensor in layer.read))


def exportable_decoder(merged: Merged, place: Place, dtype: torch.dtype = torch.float32) -> Exportable:
    """Make a language model exportable, for a place and in a dtype.

    Raises:
        PreparationFailed: UnsupportedForm, its cache is not made of keys and values that can be passed in.
    """
    model = placed(merged.model, place, dtype)
    plain, signature = PlainDecoder(model).eval(), _signature(merged, model, place)

    def decoder(graph: Graph) -> GraphDecoder:
        return GraphDecoder(graph, signature, place.device)

    def own(tensors: Any) -> tuple[torch.Tensor, ...]:  # noqa: ANN401
        given: tuple[torch.Tensor, ...] = plain(*tensors)
        return given

    reason = ReferenceLogits.of(model).mismatch(lambda: decoder(own))
    if reason is not None:
        raise unsupported(
            f"{type(model).__name__} cannot be given what it has read and the positions of what follows, which its "
            f"graph would need: {reason}."
        )

    def check(candidate: Candidate, graph: Graph) -> None:
        lengths = [min(length, (signature.positions or length + 2) - 2) for length in _LENGTHS]
        prompts = prompts_for(signature.vocabulary, lengths)
        given, expected = (trial(decoder(run), prompts, _MOST) for run in (graph, own))
        require_close(candidate, given, expected, f"prompts of {', '.join(map(str, lengths))} tokens")

    return Exportable(plain, signature, _example(signature, place.device), _axes(signature), check, _largest(signature))


def _signature(merged: Merged, model: PreTrainedModel, place: Place) -> DecoderSignature:
    embeddings: Any = model.get_input_embeddings()
    return DecoderSignature(
        vocabulary=embeddings.weight.shape[0],
        positions=model_limit(model),
        ends=tuple(sorted(ends_of(model, merged.tokenizer))),
        layers=_layers(model),
        dtype=str(model.dtype).removeprefix("torch."),
        device=place.device.type,
    )


@torch.inference_mode()
def _layers(model: PreTrainedModel) -> tuple[LayerShape, ...]:
    """The shapes of the layers' caches, found by reading two tokens.

    Raises:
        PreparationFailed: UnsupportedForm, the layers cache something other than keys and values.
    """
    cache = DynamicCache()
    model(torch.zeros((1, 2), dtype=torch.int64, device=model.device), past_key_values=cache, use_cache=True)
    try:
        states = states_of(cache)
    except TypeError as error:
        raise unsupported(f"{type(model).__name__} cannot be had as a graph: {error}.") from error
    return tuple(LayerShape(keys.shape[1], keys.shape[3], values.shape[3]) for keys, values in states)


def _example(signature: DecoderSignature, device: torch.device) -> tuple[torch.Tensor, ...]:
    rows, tokens, columns = _EXAMPLE
    ids = torch.tensor(prompts_for(signature.vocabulary, [tokens] * rows), device=device)
    lengths = torch.arange(rows, device=device) * 2
    shapes = [tensor for layer in signature.empty_layers(device) for tensor in layer]
    return ids, lengths, *(empty.new_zeros(rows, empty.shape[1], columns, empty.shape[3]) for empty in shapes)


def _axes(signature: DecoderSignature) -> dict[str, dict[int, str]]:
    return {
        INPUT_IDS: {0: "rows", 1: "tokens"},
        LENGTHS: {0: "rows"},
        **{name: {0: "rows", 2: "columns"} for name in signature.held_names},
        LOGITS: {0: "rows"},
        **{name: {0: "rows", 2: "tokens"} for name in signature.read_names},
    }


def _largest(signature: DecoderSignature) -> dict[str, int]:
    return {} if signature.positions is None else {"tokens": signature.positions}
