"""The model as transformers stores it: config.json and safetensors."""

from pathlib import Path
from typing import Any, ClassVar

import transformers
from transformers import CONFIG_MAPPING

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.preparation.candidate import Candidate, EngineName
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.tasks.catalogue import task_type


class PretrainedForm:
    """Weights in safetensors, run by transformers with padding or by the packed engine without. Implements `Form`."""

    format: ClassVar[Format] = Format.Pretrained
    summary: ClassVar[str] = "Weights in safetensors and config.json, run by transformers' own classes."
    files: ClassVar[tuple[str, ...]] = ("config.json", "model.safetensors")
    candidates: ClassVar[tuple[Candidate, ...]] = (
        Candidate(Format.Pretrained, EngineName.Pretrained, Precision.Float32),
        Candidate(Format.Pretrained, EngineName.Packed, Precision.Float32),
        Candidate(Format.Pretrained, EngineName.Packed, Precision.BFloat16),
    )

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate is unsuitable; see `Form`."""
        if candidate.engine is not EngineName.Packed:
            return None
        if task is TaskName.TextGeneration:
            return "the engine Packed reads texts and writes none: TextGeneration is run by the engine Pretrained"
        if not _packs(task, architecture):
            return f"the attention of {architecture} cannot be told where one text of a packed row ends"
        return None

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Write config.json and the weights; see `Form`."""
        with quiet():
            merged.model.save_pretrained(folder)


def _packs(task: TaskName, architecture: str) -> bool:
    """Whether transformers lets the attention of an architecture be replaced; loading proves the rest."""
    classes: Any = getattr(transformers, task_type(task).auto_class)._model_mapping
    configuration = CONFIG_MAPPING[architecture]
    return configuration in classes and bool(getattr(classes[configuration], "_supports_attention_backend", False))
