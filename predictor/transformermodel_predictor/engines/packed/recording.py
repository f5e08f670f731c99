"""A packed model's pass, recorded once and run without Python between its operations.

Of a short text Python takes a third of the time: some 1,500 calls around the 150 operations of MiniLM. And while one
core is in Python no other can be.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path

import torch

from transformermodel_predictor.engines.packed.layout import Layout
from transformermodel_predictor.engines.packed.model import Forward, PackedModel
from transformermodel_predictor.engines.packed.parity import largest_difference
from transformermodel_predictor.engines.packed.recorded_layout import RecordedLayout
from transformermodel_predictor.engines.recording import NotRecordable, Pass, record_pass
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Encoding, Outputs

_log = logging.getLogger(__name__)

_SHORT, _LONGER = (5, 3), (15, 2)
"""Lengths that fill rows up to different totals; of few tokens, as oneDNN keeps what it compiles for each total."""
_TOLERANCE = 1e-4
"""Of the largest output, or of 1 where all are smaller. There should be none: the same operations run."""
_UNDOUBTED = str(Path(__file__).parent)
"""Where torch.jit's doubts mean nothing: shapes are compared there that are always as they were."""


class Recording:
    """What a packed model's pass does, for rows of any lengths. May run in several threads at once.

    Args:
        recorded: takes the features in their order, and then the lengths; gives the outputs in their order.
        features: names.
        outputs: names.
    """

    def __init__(self, recorded: Pass, features: Sequence[str], outputs: Sequence[str]) -> None:
        self._recorded = recorded
        self._features = tuple(features)
        self._outputs = tuple(outputs)

    def forward(self, layout: Layout, features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """As PackedModel.forward, with the features that were recorded."""
        outputs = self._recorded(*(features[name] for name in self._features), torch.tensor(layout.lengths))
        return dict(zip(self._outputs, outputs, strict=True))


class Recordings:
    """Recordings of one model, one for each set of features: made when such come first, which is at warming up.

    Args:
        packed: on the CPU, as it serves; it must not be changed any more.
    """

    def __init__(self, packed: PackedModel) -> None:
        self._packed = packed
        self._forwards: dict[tuple[str, ...], Forward] = {}
        self._making = threading.Lock()

    def of(self, sample: Encoding) -> Forward:
        """What runs rows with the features of a sample: a recording, or the model where it cannot be recorded."""
        names = tuple(sample.features)
        forward = self._forwards.get(names)
        if forward is None:
            with self._making:
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
    given = (*features.values(), torch.tensor(layout.lengths))
    recorded = record_pass(packed.model, one_pass, given, (_UNDOUBTED,))
    recording = Recording(recorded, one_pass.features, one_pass.outputs)
    try:
        found = packed.run([sample], recording.forward)
    except Exception as error:  # each model fails in its own way
        raise NotRecordable(f"it fails once it is recorded ({one_line(error)})") from error
    _require_equal(packed.run([sample]), found)
    return recording


class _Pass:
    """A pass that takes tensors alone.

    Attributes:
        features: names of those that come before the lengths.
        outputs: names, once it has run.
    """

    def __init__(self, packed: PackedModel, layout: Layout, features: Sequence[str]) -> None:
        self.features = tuple(features)
        self.outputs: tuple[str, ...] = ()
        self._packed = packed
        self._layout = layout

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        *features, sizes = given
        layout = RecordedLayout(self._layout.order, self._layout.lengths, self._layout.filling, sizes=sizes)
        outputs = self._packed.forward(layout, dict(zip(self.features, features, strict=True)))
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


def _require_equal(expected: Sequence[Outputs], recorded: Sequence[Outputs]) -> None:
    difference = largest_difference(expected, recorded)
    if not difference <= _TOLERANCE:
        raise NotRecordable(f"what is recorded answers differently (by {difference:.1e})")
