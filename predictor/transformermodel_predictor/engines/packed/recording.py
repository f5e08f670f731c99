"""A packed model's pass, recorded once and run without Python between its operations.

Python takes a third of a short text's time: some 1,500 calls around the 150 operations of MiniLM. And only one core at
a time can run Python.
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
from transformermodel_predictor.engines.packed.stored import (
    StoredRecording,
    only_computes,
    stored_recordings,
    stored_text,
)
from transformermodel_predictor.engines.recorded_graph import Unreadable
from transformermodel_predictor.engines.recording import NotRecordable, RecordedPass, record_pass
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Encoding, Outputs

_log = logging.getLogger(__name__)

_SHORT, _LONGER = (5, 3), (15, 2)
"""Lengths whose rows are filled up to different totals; short, as oneDNN keeps the code it compiles for each total."""
_TOLERANCE = 1e-4
"""Relative to the largest output, or to 1 if all are smaller. No difference is expected: the same operations run."""
_OUR_FILES = str(Path(__file__).parent)
"""Where torch.jit's warnings are harmless: only shapes that never change are compared there."""


class Recording:
    """A recorded pass of a packed model, for rows of any lengths. May run in several threads at once.

    Args:
        recorded: takes the features in order, then the lengths and runs; returns the outputs in order.
        features: their names.
        outputs: their names.
    """

    def __init__(self, recorded: RecordedPass, features: Sequence[str], outputs: Sequence[str]) -> None:
        self._recorded = recorded
        self._features = tuple(features)
        self._outputs = tuple(outputs)

    @property
    def stored(self) -> StoredRecording | None:
        """What another process can restore it from; None if its pass has no text, or one that may not be stored."""
        graph = self._recorded.graph
        if graph is None or not only_computes(graph):
            return None
        return StoredRecording(self._features, self._outputs, graph)

    def forward(self, layout: Layout, features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Like `PackedModel.forward`, with the recorded features."""
        outputs = self._recorded(*(features[name] for name in self._features), *_places(layout))
        return dict(zip(self._outputs, outputs, strict=True))


class Recordings:
    """Recordings of one model, one per set of features, each made when that set first occurs: during warm-up.

    Args:
        packed: on the CPU, ready to serve; must not change any more.
        file: stored recordings of the model; whatever it lacks is recorded.
    """

    def __init__(self, packed: PackedModel, file: Path | None = None) -> None:
        stored = () if file is None else stored_recordings(file, packed)
        self._packed = packed
        self._stored = {one.features: one for one in stored}
        self._recordings: dict[tuple[str, ...], Recording | None] = {}
        self._making = threading.Lock()

    def of(self, sample: Encoding) -> Forward:
        """What runs rows with a sample's features: a recording, or the model itself if it cannot be recorded."""
        names = tuple(sample.features)
        if names not in self._recordings:
            with self._making:
                if names not in self._recordings:
                    self._recordings[names] = self._restored(sample) or self._made(sample)
        recording = self._recordings[names]
        return self._packed.forward if recording is None else recording.forward

    def text(self) -> str | None:
        """Content of the file for the recordings made so far; None if none can be stored."""
        made = [recording.stored for recording in self._recordings.values() if recording is not None]
        stored = [one for one in made if one is not None]
        return stored_text(self._packed, stored) if stored else None

    def _restored(self, sample: Encoding) -> Recording | None:
        stored = self._stored.get(self._packed.taken_of(sample))
        if stored is None:
            return None
        try:
            return restore(self._packed, sample, stored)
        except (NotRecordable, Unreadable) as error:
            _log.warning("%s is recorded anew: %s", type(self._packed.model).__name__, error)
            return None

    def _made(self, sample: Encoding) -> Recording | None:
        try:
            return record(self._packed, sample)
        except NotRecordable as error:
            _log.info("%s runs without a recording: %s", type(self._packed.model).__name__, error)
            return None


@torch.inference_mode()
def record(packed: PackedModel, sample: Encoding) -> Recording:
    """Record a pass over two texts, and prove on the sample that its outputs are the model's.

    Args:
        packed: on the CPU.
        sample: a text with its features; at least one token.

    Raises:
        NotRecordable: the computation depends on values in tensors, or the recording's outputs differ.
    """
    layout, features = _two_texts(sample, packed)
    one_pass = _Pass(packed, layout, tuple(features))
    given = (*features.values(), *_places(layout))
    recorded = record_pass(packed.model, one_pass, given, (_OUR_FILES,))
    return _proven(packed, sample, Recording(recorded, one_pass.features, one_pass.outputs))


@torch.inference_mode()
def restore(packed: PackedModel, sample: Encoding, stored: StoredRecording) -> Recording:
    """Restore a recording that another process made of such a model, proven on the sample like a new one.

    Raises:
        NotRecordable: the recording is damaged.
        Unreadable: its text is not a graph.
    """
    recorded = RecordedPass.of_text(packed.model, stored.graph)
    return _proven(packed, sample, Recording(recorded, stored.features, stored.outputs))


def _proven(packed: PackedModel, sample: Encoding, recording: Recording) -> Recording:
    """Return the recording if it gives the model's outputs for a sample.

    Raises:
        NotRecordable: the recording does not, or fails.
    """
    try:
        found = packed.run([sample], recording.forward)
    except Exception as error:  # each model fails in its own way
        raise NotRecordable(f"it fails once it is recorded ({one_line(error)})") from error
    _require_equal(packed.run([sample]), found)
    return recording


class _Pass:
    """A pass that takes only tensors.

    Attributes:
        features: names of the arguments before the lengths and runs.
        outputs: names of the outputs, once it has run.
    """

    def __init__(self, packed: PackedModel, layout: Layout, features: Sequence[str]) -> None:
        self.features = tuple(features)
        self.outputs: tuple[str, ...] = ()
        self._packed = packed
        self._layout = layout

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        *features, sizes, table = given
        known = self._layout
        layout = RecordedLayout(known.order, known.lengths, known.filling, sizes=sizes, table=table)
        outputs = self._packed.forward(layout, dict(zip(self.features, features, strict=True)))
        self.outputs = tuple(outputs)
        return tuple(outputs.values())


def _places(layout: Layout) -> tuple[torch.Tensor, torch.Tensor]:
    """Where sequences lie: their lengths, int64 [sequences], in row order, and their runs."""
    return torch.tensor(layout.lengths), layout.run_table()


def _two_texts(sample: Encoding, packed: PackedModel) -> tuple[Layout, dict[str, torch.Tensor]]:
    """Two texts of the sample's tokens, laid out in a row whose total differs from the sample's."""
    alone, _ = packed.laid_out([sample])
    short, longer = (packed.laid_out(_of_lengths(sample, lengths)) for lengths in (_SHORT, _LONGER))
    return longer if short[0].total == alone.total else short


def _of_lengths(sample: Encoding, lengths: Sequence[int]) -> list[Encoding]:
    """Texts of these lengths, each repeating the sample's tokens."""
    return [
        Encoding({name: list(islice(cycle(values), length)) for name, values in sample.features.items()})
        for length in lengths
    ]


def _require_equal(expected: Sequence[Outputs], recorded: Sequence[Outputs]) -> None:
    difference = largest_difference(expected, recorded)
    if not difference <= _TOLERANCE:
        raise NotRecordable(f"what is recorded answers differently (by {difference:.1e})")
