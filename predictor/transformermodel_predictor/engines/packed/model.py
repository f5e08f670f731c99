"""A transformers model adapted to packed rows. Differentiable: explanations and the engine share it."""

import copy
import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import torch
from torch import nn
from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, PreTrainedModel
from transformers.utils.generic import ModelOutput

from transformermodel_predictor.engines.packed.attention import ATTENTION, LAYOUT
from transformermodel_predictor.engines.packed.last_layer import cut_last_layer
from transformermodel_predictor.engines.packed.layout import Layout
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.tasks.task import Encoding, Outputs

Forward = Callable[[Layout, Mapping[str, torch.Tensor]], dict[str, torch.Tensor]]
"""A pass over a row, from layout and features to outputs."""


class NotPackable(Exception):
    """The architecture cannot run on packed rows; the message says why."""


class Pooling(Enum):
    """What the head of a sequence classifier gets in place of the packed row."""

    FirstAlone = "first token, and the last layer computed for no other"
    First = "first token"
    Padded = "padded tokens"


class PackedModel:
    """Runs a model on packed rows; several at once, each in its own thread.

    Only attention, positions and, for a sequence classifier, the pooler's input differ from the usual; linears,
    activations and heads are the model's own.

    Args:
        model: in evaluation mode. It is changed: the attention in its configuration, and a hook after its encoder.
        pooling: what the head of a sequence classifier gets; may be changed later.
        tile: rows are filled up to multiples of this many tokens; may be changed later. None if gradients are taken.

    Attributes:
        device: the model's.

    Raises:
        NotPackable: the architecture does not let its attention or its positions be set from outside.
    """

    def __init__(self, model: PreTrainedModel, pooling: Pooling = Pooling.First, tile: int | None = None) -> None:
        self.model = model
        self.pooling = pooling
        self.tile = tile
        self.device = model.device  # asking the model would search it for a weight at every row
        self._running_rows = threading.local()
        self._accepted = frozenset(inspect.signature(model.forward).parameters)
        _set_attention(model)
        if "position_ids" not in inspect.signature(model.base_model.forward).parameters:
            raise NotPackable(f"{type(model).__name__} takes no position ids")
        self._first_position = first_position(model)
        self.per_sequence = _classifies_sequences(model)
        if self.per_sequence:
            _replace_output(self._encoder(), self._pooled)
            cut_last_layer(model, lambda: self.layout if self.pooling is Pooling.FirstAlone else None)

    @property
    def layout(self) -> Layout:
        """Layout of the row that runs in this thread.

        Raises:
            RuntimeError: no row runs.
        """
        layout: Layout | None = getattr(self._running_rows, "layout", None)
        if layout is None:
            raise RuntimeError("the model of a packed engine was called without it")
        return layout

    def to(self, device: torch.device, dtype: torch.dtype) -> None:
        """Move the model's weights to a device, and convert them."""
        torch.nn.Module.to(self.model, device, dtype)  # transformers' own `to` is untyped
        self.device = device

    def laid_out(self, batch: Sequence[Encoding]) -> tuple[Layout, dict[str, torch.Tensor]]:
        """The layout of a batch, and the forward call's arguments: features that the model accepts, and positions.

        All are int64 [1, total], on the model's device.
        """
        layout = Layout.of([len(encoding) for encoding in batch], self.tile)
        *names, positions = self.taken_of(batch[0])
        features = {name: layout.pack([encoding.features[name] for encoding in batch]) for name in names}
        features[positions] = layout.positions(self._first_position)
        return layout, {name: values.to(self.device) for name, values in features.items()}

    def taken_of(self, encoding: Encoding) -> tuple[str, ...]:
        """Names of the forward call's arguments for an encoding: features that the model accepts, and positions."""
        return (*(name for name in encoding.features if name in self._accepted), "position_ids")

    def forward(self, layout: Layout, features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """One forward pass over a row.

        Returns:
            The model's outputs: [sequences, ...] in row order if they are per sequence, [1, total, ...] if per token.
        """
        given: dict[str, Any] = {**features, LAYOUT: layout}
        if self.per_sequence and self.pooling is Pooling.Padded:
            given["attention_mask"] = layout.mask(self.device)
        with self._running(layout):
            output = self.model(**given)
        return {name: value for name, value in output.items() if isinstance(value, torch.Tensor)}

    def split(self, layout: Layout, outputs: Mapping[str, torch.Tensor]) -> list[Outputs]:
        """The outputs of each sequence, in batch order."""
        parts = {
            name: layout.restored(list(value)) if self.per_sequence else layout.split(value)
            for name, value in outputs.items()
        }
        return [{name: rows[index] for name, rows in parts.items()} for index in range(len(layout.order))]

    def run(self, batch: Sequence[Encoding], forward: Forward | None = None) -> list[Outputs]:
        """Pack, run forward, and split: returns one result per encoding, in order, on the CPU in float32.

        Non-finite values of one text may spread to its neighbour in the row, so such texts run again, each alone.

        Args:
            batch: the texts.
            forward: runs in place of the model's own pass.
        """
        layout, features = self.laid_out(batch)
        outputs = {name: value.float().cpu() for name, value in (forward or self.forward)(layout, features).items()}
        found = self.split(layout, outputs)
        if len(batch) == 1 or _finite(outputs):
            return found
        return [
            row if _finite(row) else self.run([encoding], forward)[0]
            for encoding, row in zip(batch, found, strict=True)
        ]

    @contextmanager
    def _running(self, layout: Layout) -> Iterator[None]:
        self._running_rows.layout = layout
        try:
            yield
        finally:
            self._running_rows.layout = None

    def _pooled(self, hidden: torch.Tensor) -> torch.Tensor:
        layout = self.layout
        if self.pooling is Pooling.Padded:
            return layout.padded(hidden)
        return layout.first_rows(hidden) if self.pooling is Pooling.First else hidden.transpose(0, 1)

    def _encoder(self) -> nn.Module:
        """The last part of the base model before pooling: the last that returns a row per token.

        Raises:
            NotPackable: no part does.
        """
        layout, features = self.laid_out([Encoding({"input_ids": [0] * length}) for length in (2, 3)])
        per_token: list[nn.Module] = []

        def note(module: nn.Module, _: object, output: object) -> None:
            hidden = _hidden(output)
            if hidden is not None and hidden.shape == (1, layout.total, self.model.config.hidden_size):
                per_token.append(module)

        parts = [module.register_forward_hook(note) for module in _parts(self.model.base_model)]
        try:
            with torch.no_grad(), self._running(layout):
                self.model(**features, **{LAYOUT: layout})
        finally:
            for part in parts:
                part.remove()
        if not per_token:
            raise NotPackable(f"{type(self.model).__name__} has no part that gives a row per token")
        return per_token[-1]


def _set_attention(model: PreTrainedModel) -> None:
    """Set packed attention, in a configuration that no other model shares."""
    configuration = copy.deepcopy(model.config)
    for module in model.modules():
        if getattr(module, "config", None) is model.config and module is not model:
            module.config = configuration  # type: ignore[assignment]
    model.config = configuration
    with quiet():
        try:
            model.set_attn_implementation(ATTENTION)
        except ValueError as error:
            raise NotPackable(f"{type(model).__name__} refuses another attention ({error})") from error
    if model.config._attn_implementation != ATTENTION:
        raise NotPackable(f"{type(model).__name__} has an attention of its own that cannot be replaced")


def first_position(model: PreTrainedModel) -> int:
    """Position id of a sequence's first token: the one after the padding id if that is reserved, as in RoBERTa."""
    for name, module in model.base_model.named_modules():
        if name.rpartition(".")[2] == "position_embeddings" and isinstance(module, nn.Embedding):
            return 0 if module.padding_idx is None else module.padding_idx + 1
    return 0


def _finite(outputs: Outputs) -> bool:
    return all(bool(value.isfinite().all()) for value in outputs.values())


def _classifies_sequences(model: PreTrainedModel) -> bool:
    classes: Any = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    kind = type(model.config)
    return kind in classes and isinstance(model, classes[kind])


def _parts(base: nn.Module) -> Iterator[nn.Module]:
    """The modules that a base model calls directly; some models keep their layers in lists."""
    for child in base.children():
        yield from child if isinstance(child, nn.ModuleList) else [child]


def _hidden(output: object) -> torch.Tensor | None:
    """The hidden states in a module's output."""
    first = (
        output if isinstance(output, torch.Tensor) else output[0] if isinstance(output, tuple | ModelOutput) else None
    )
    return first if isinstance(first, torch.Tensor) else None


def _replace_output(module: nn.Module, replace: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Replace the hidden states that a module returns."""

    def hook(_: nn.Module, __: object, output: Any) -> Any:  # noqa: ANN401 - tensor, tuple or transformers' output
        if isinstance(output, torch.Tensor):
            return replace(output)
        if isinstance(output, tuple):
            return (replace(output[0]), *output[1:])
        output.last_hidden_state = replace(output.last_hidden_state)
        return output

    module.register_forward_hook(hook)
