"""The model traced to TorchScript."""

from pathlib import Path
from typing import Any, ClassVar

import torch

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.signature import SIGNATURE_FILE
from transformermodel_predictor.engines.torchscript import TORCHSCRIPT_FILE, load_torchscript
from transformermodel_predictor.preparation.forms.archive import save_torchscript
from transformermodel_predictor.preparation.forms.form import ALL_TASKS, Place
from transformermodel_predictor.preparation.forms.writing import (
    compiling,
    exportable,
    float16_refusal,
    write_signature,
)
from transformermodel_predictor.preparation.merge import Merged

_jit: Any = torch.jit  # untyped


class TorchScriptForm:
    """A traced and frozen graph that needs only PyTorch to run. Implements `Form`."""

    format: ClassVar[Format] = Format.TorchScript
    summary: ClassVar[str] = "A graph traced from the model and frozen; PyTorch runs it without the model's class."
    files: ClassVar[tuple[str, ...]] = (TORCHSCRIPT_FILE, SIGNATURE_FILE)
    candidates: ClassVar[tuple[Candidate, ...]] = tuple(
        Candidate(Format.TorchScript, EngineName.TorchScript, precision)
        for precision in (Precision.Float32, Precision.BFloat16, Precision.Float16)
    )
    tasks: ClassVar[tuple[TaskName, ...]] = ALL_TASKS
    needs: ClassVar[str] = "Nothing else. It is traced for the kind of device it runs on; Float16 needs a GPU."
    reproducible: ClassVar[bool] = True

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate is unsuitable; see `Form`."""
        return float16_refusal(candidate, place)

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Trace the model; see `Form`."""
        file = folder / TORCHSCRIPT_FILE
        with compiling(candidate):
            source = exportable(merged, candidate, place)
            save_torchscript(_jit.freeze(_jit.trace(source.module, source.example, check_trace=False)), file)
        source.check(candidate, load_torchscript(file, place.device, source.signature.outputs))
        write_signature(source.signature, folder)
