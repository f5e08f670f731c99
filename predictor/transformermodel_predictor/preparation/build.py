"""Builds a candidate: writes a model as the content of an artifact, with all that serving needs."""

from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Format
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE
from transformermodel_predictor.artifact.labels import LABELS_FILE, labels_text
from transformermodel_predictor.artifact.twin import TWIN_FOLDER
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.configuration import in_form
from transformermodel_predictor.preparation.forms.catalogue import FORMS, refusal
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.material import Material
from transformermodel_predictor.preparation.torchserve_script.traced import TRACED, Traced
from transformermodel_predictor.quiet import quiet

ANYWHERE = Place()
"""A CPU, batches of any size."""


def build(material: Material, task: TaskName, candidate: Candidate, folder: Path, place: Place = ANYWHERE) -> None:
    """Write weights in the candidate's form, tokenizer, labels and model-config.yaml into a new folder.

    Beside a graph the float32 weights are written, too, for explanations by gradient methods. The model in memory is
    not changed, so that several candidates can be built from it.

    Raises:
        PreparationFailed: UnsupportedForm, the model does not support the form; the message says why.
    """
    _write_model(material, task, candidate, folder, place)
    with quiet():
        material.tokenizer.save_pretrained(folder)
    if material.labels:
        text = labels_text(material.labels, as_list=task is TaskName.TokenClassification)
        (folder / LABELS_FILE).write_text(text, encoding="utf-8")
    (folder / CONFIGURATION_FILE).write_text(in_form(material.configuration, candidate).text(), encoding="utf-8")


def _write_model(material: Material, task: TaskName, candidate: Candidate, folder: Path, place: Place) -> None:
    if isinstance(material, Traced):
        if candidate != TRACED:
            raise PreparationFailed(FailureReason.UnsupportedForm, f"a traced graph cannot be made {candidate}.")
        folder.mkdir()
        material.write(folder)
        return
    reason = refusal(candidate, task, material.model.config.model_type, place)
    if reason is not None:
        raise PreparationFailed(FailureReason.UnsupportedForm, f"{reason}.")
    folder.mkdir()
    FORMS[candidate.format].build(material, candidate, place, folder)
    if (
        candidate.format is not Format.Pretrained and task is not TaskName.TextGeneration
    ):  # whose graphs explain nothing
        with quiet():
            material.model.save_pretrained(folder / TWIN_FOLDER)
