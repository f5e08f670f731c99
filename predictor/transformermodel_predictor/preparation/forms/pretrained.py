"""The model as transformers stores it: config.json and safetensors."""

import json
from pathlib import Path
from typing import ClassVar

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.precision import dtype_of
from transformermodel_predictor.preparation.forms.cast import cast_weights
from transformermodel_predictor.preparation.forms.form import ALL_TASKS, Place
from transformermodel_predictor.preparation.forms.writing import float16_refusal
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.pretrained import may_take_attention
from transformermodel_predictor.quiet import quiet

_CONFIGURATION = "config.json"
_HALF = (Precision.BFloat16, Precision.Float16)


class PretrainedForm:
    """Weights in safetensors, run by transformers with padding or by the packed engine without. Implements `Form`.

    For Int8 the weights are stored in float32: linear layers are quantised on loading, in the layout that suits the
    processor.
    """

    format: ClassVar[Format] = Format.Pretrained
    summary: ClassVar[str] = "Weights in safetensors, run by transformers' own classes, or packed without padding."
    files: ClassVar[tuple[str, ...]] = (_CONFIGURATION, "model.safetensors")
    candidates: ClassVar[tuple[Candidate, ...]] = tuple(
        Candidate(Format.Pretrained, engine, precision)
        for engine in (EngineName.Pretrained, EngineName.Packed)
        for precision in (Precision.Float32, Precision.BFloat16, Precision.Float16, Precision.Int8)
    )
    tasks: ClassVar[tuple[TaskName, ...]] = ALL_TASKS
    needs: ClassVar[str] = (
        "The model's class where it runs. Float16 needs a GPU, Int8 a CPU; the packed engine needs an encoder whose "
        "attention transformers leaves open."
    )
    reproducible: ClassVar[bool] = True

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate is unsuitable; see `Form`."""
        if candidate.precision is Precision.Int8 and place.device.type != "cpu":
            return f"the form {candidate.format.value} is quantised to Int8 on CPUs alone"
        if candidate.engine is EngineName.Packed and task is TaskName.TextGeneration:
            return "the engine Packed runs encoders; TextGeneration has the engine Pretrained"
        if candidate.engine is EngineName.Packed and not may_take_attention(architecture):
            return f"the architecture {architecture} has an attention of its own that packed rows cannot replace"
        return float16_refusal(candidate, place)

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Write config.json and the weights; see `Form`."""
        with quiet():
            merged.model.save_pretrained(folder)
        if candidate.precision in _HALF:
            dtype = dtype_of(candidate.precision)
            for file in sorted(folder.glob("*.safetensors")):
                cast_weights(file, dtype)
            _note_type(folder / _CONFIGURATION, str(dtype).removeprefix("torch."))


def _note_type(file: Path, name: str) -> None:
    """Set the dtype of the weights in config.json, as transformers does."""
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**document, "dtype": name}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
