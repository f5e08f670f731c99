"""A packed model's pass, recorded once and run without Python between its operations.

Of a short text Python takes a third of the time: some 1,500 calls around the 150 operations of MiniLM. And while one
core is in Python no other can be.
"""

import logging
import threading
import warnings
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.ao.nn.quantized.modules.linear import LinearPackedParams

from transformermodel_predictor.engines.packed.layout import Layout
from transformermodel_predictor.engines.packed.model import Forward, PackedModel
from transformermodel_predictor.engines.packed.parity import largest_difference
from transformermodel_predictor.engines.packed.recorded_layout import RecordedLayout
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Encoding, Outputs

_log = logging.getLogger(__name__)

_jit: Any = torch.jit  # it has no types
_SHORT, _LONGER = (5, 3), (15, 2)
"""Lengths that fill rows up to different totals; of few tokens, as oneDNN keeps what it compiles for each total."""
_TOLERANCE = 1e-4
"""Of the largest output, or of 1 where all are smaller. There should be none: the same operations run."""
_UNDOUBTED = (str(Path(__file__).parent), torch.nn.functional.__file__)
"""Where torch.jit's doubts mean nothing: shapes are compared there, of weights or as they always are."""
_recording = threading.Lock()
"""Held while a pass is recorded, as torch.jit can record but one at a time in a process."""


class NotRecordable(Exception):
    """A pass does more than its operations say; the text says what."""


class Recording:
    """What a packed model's pass does, for rows of any lengths. May run in several threads at once.

    Args:
        module: takes the features in their order, and then the lengths; gives the outputs in their order.
        features: names.
        outputs: names.
    """

    def __init__(self, module: Any, features: Sequence[str], outputs: Sequence[str]) -> None:  # noqa: ANN401 - no types
        self._module = module
        self._features = tuple(features)
        self._outputs = tuple(outputs)

    def forward(self, layout: Layout, features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """As PackedModel.forward, with the features that were recorded."""
        given = [features[name] for name in self._features]
        with _jit.optimized_execution(False):  # else the first passes are watched, and the next waits for a compiler
            outputs = self._module(*given, torch.tensor(layout.lengths))
        return dict(zip(self._outputs, outputs, strict=True))


class Recordings:
    """Recordings of one model, one for each set of features: made when such come first, which is at warming up.

    Args:
        packed: on the CPU, as it serves; it must not be changed any more.
    """

    def __init__(self, packed: PackedModel) -> None:
        self._packed = packed
        self._forwards: dict[tuple[str, ...], Forward] = {}

    def of(self, sample: Encoding) -> Forward:
        """What runs rows with the features of a sample: a recording, or the model where it cannot be recorded."""
        names = tuple(sample.features)
        forward = self._forwards.get(names)
        if forward is None:
            with _recording:
                forward = self._forwards.get(names) or self._made(sample)
                self._forwards[names] = forward
        return forward

    def _made(self, sample: Encoding) -> Forward:
        try:
            return record(self._packed, sample).forward
        except NotRecordable as error:
            _log.info("%s runs without a recording: %s", type(self._packed.model).__name__, error)
            return self._packed.forward


@torch.inference_mode()
def record(packed: PackedModel, sample: Encoding) -> Recording:
    """Record a pass over two texts, and prove on the sample that it gives what the model gives.

    Args:
        packed: on the CPU.
        sample: a text with its features; at least one token.

    Raises:
        NotRecordable: what is computed depends on numbers in tensors, or the recording answers differently.
    """
    layout, features = _unlike(sample, packed)
    one_pass = _Pass(packed, layout, tuple(features))
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            given = (*features.values(), torch.tensor(layout.lengths))
            module = _jit.trace(one_pass, given, check_trace=False)
        _require_no_doubt(warned)
        recording = Recording(module, tuple(features), one_pass.outputs)
        _require_equal(packed.run([sample]), packed.run([sample], recording.forward))
    except NotRecordable:
        raise
    except Exception as error:  # each model fails in its own way
        raise NotRecordable(f"it fails while it is recorded, or after ({one_line(error)})") from error
    return recording


class _Pass(nn.Module):
    """A pass as a module that takes tensors alone, for torch.jit to record.

    It holds the model's weights, those in 8 bit in what they are packed in, and not its modules, for each of which
    torch.jit would make one of its own.
    """

    def __init__(self, packed: PackedModel, layout: Layout, features: Sequence[str]) -> None:
        super().__init__()
        for number, weight in enumerate({*packed.model.parameters(), *packed.model.buffers()}):
            self.register_buffer(f"weight_{number}", weight)
        self.quantized = nn.ModuleList(part for part in packed.model.modules() if isinstance(part, LinearPackedParams))
        self.outputs: tuple[str, ...] = ()
        self._forward = packed.forward
        self._layout = layout
        self._features = features

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        *features, sizes = given
        layout = RecordedLayout(self._layout.order, self._layout.lengths, self._layout.filling, sizes=sizes)
        outputs = self._forward(layout, dict(zip(self._features, features, strict=True)))
        self.outputs = tuple(outputs)
        return tuple(outputs.values())


def _unlike(sample: Encoding, packed: PackedModel) -> tuple[Layout, dict[str, torch.Tensor]]:
    """Two texts of the sample's tokens, laid out in a row of another length than the sample's."""
    alone, _ = packed.laid_out([sample])
    short, longer = (packed.laid_out(_of_lengths(sample, lengths)) for lengths in (_SHORT, _LONGER))
    return longer if short[0].total == alone.total else short


def _of_lengths(sample: Encoding, lengths: Sequence[int]) -> list[Encoding]:
    """Texts of these lengths, each of the sample's tokens over and over."""
    return [
        Encoding({name: list(islice(cycle(values), length)) for name, values in sample.features.items()})
        for length in lengths
    ]


def _require_no_doubt(warned: Sequence[warnings.WarningMessage]) -> None:
    """Refuse what torch.jit doubts, such as a choice by a number in a tensor, which a recording has made for good."""
    for each in warned:
        if issubclass(each.category, _jit.TracerWarning) and not each.filename.startswith(_UNDOUBTED):
            raise NotRecordable(one_line(Exception(each.message)))


def _require_equal(expected: Sequence[Outputs], recorded: Sequence[Outputs]) -> None:
    difference = largest_difference(expected, recorded)
    if not difference <= _TOLERANCE:
        raise NotRecordable(f"what is recorded answers differently (by {difference:.1e})")
