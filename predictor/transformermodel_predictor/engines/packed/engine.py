"""The model on packed rows, one per core: no padding is computed, and every linear gets one large matrix."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Precision
from transformermodel_predictor.artifact.manifest import RECORDINGS_FILE
from transformermodel_predictor.engines.cores import Cores, process_cores
from transformermodel_predictor.engines.linears import can_prepack, prepack
from transformermodel_predictor.engines.mapping import stay_in_files
from transformermodel_predictor.engines.packed.model import NotPackable, PackedModel
from transformermodel_predictor.engines.packed.parity import pack
from transformermodel_predictor.engines.packed.recording import Recordings
from transformermodel_predictor.engines.packed.shares import run_in_shares
from transformermodel_predictor.engines.precision import dtype_of
from transformermodel_predictor.engines.pretrained import load_for_task
from transformermodel_predictor.engines.quantization import quantize, require_cpu
from transformermodel_predictor.engines.tiles import tile_of
from transformermodel_predictor.tasks.task import Encoding, Outputs, Task


class PackedEngine:
    """A transformers encoder that runs a batch as rows, in which sequences follow one another.

    Args:
        model: the model, ready to run.
        cores: each computes its own row; None if all compute one row together.
        recordings: recordings of the model, which run in its place; None if the model itself runs.
    """

    padding_free = True

    def __init__(self, model: PackedModel, cores: Cores | None = None, recordings: Recordings | None = None) -> None:
        self._model = model
        self._cores = cores
        self._recordings = recordings

    @classmethod
    def load(cls, directory: Path, task: Task[Any, Any], precision: Precision, device: torch.device) -> Self:
        """Load the weights in a folder, prove on random tokens that packing changes nothing, and prepare the linears.

        Raises:
            PreparationFailed: as in the Pretrained engine; or UnsupportedForm, the architecture cannot run on packed
                rows, or not in this precision.
        """
        int8 = precision is Precision.Int8
        dtype = torch.float32 if int8 else dtype_of(precision)
        if int8:
            require_cpu(device)
        model = load_for_task(directory, task)
        try:
            packed = pack(model)
        except NotPackable as error:
            raise PreparationFailed(FailureReason.UnsupportedForm, f"{error}: it runs without packing.") from error
        packed.to(device, dtype)
        if int8:
            quantize(model)
        elif device.type == "cpu" and can_prepack(dtype):
            prepack(model)
            stay_in_files(model, directory.glob("*.safetensors"))
        if device.type != "cpu":
            return cls(packed)
        packed.tile = tile_of(dtype)
        return cls(packed, process_cores("engine"), Recordings(packed, directory / RECORDINGS_FILE))

    def recordings_text(self) -> str | None:
        """See `Recorded`."""
        return None if self._recordings is None else self._recordings.text()

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        """Run one forward pass over the batch: as one row, or as one row per core."""
        if not batch:
            return []
        if self._cores is None:
            return self._row(batch)
        return run_in_shares(batch, [len(encoding) for encoding in batch], self._cores, lambda _, row: self._row(row))

    @torch.inference_mode()
    def _row(self, batch: Sequence[Encoding]) -> list[Outputs]:
        return self._model.run(batch, None if self._recordings is None else self._recordings.of(batch[0]))
