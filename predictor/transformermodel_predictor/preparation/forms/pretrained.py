"""The model as transformers stores it: config.json and safetensors."""

from pathlib import Path
from typing import ClassVar

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.preparation.candidate import Candidate, EngineName
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.quiet import quiet


class PretrainedForm:
    """Weights in safetensors, run by transformers with padding or by the packed engine without. Implements `Form`."""

    format: ClassVar[Format] = Format.Pretrained
    summary: ClassVar[str] = "Weights in safetensors and config.json, run by transformers' own classes."
    files: ClassVar[tuple[str, ...]] = ("config.json", "model.safetensors")
    candidates: ClassVar[tuple[Candidate, ...]] = (
        Candidate(Format.Pretrained, EngineName.Pretrained, Precision.Float32),
    )

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate is unsuitable; see `Form`."""
        return None

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Write config.json and the weights; see `Form`."""
        with quiet():
            merged.model.save_pretrained(folder)
