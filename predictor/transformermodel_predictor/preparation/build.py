"""Writing a model as the content of an artifact: one candidate, with all that is needed to serve it."""

from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE
from transformermodel_predictor.artifact.labels import LABELS_FILE, labels_text
from transformermodel_predictor.preparation.candidate import Candidate
from transformermodel_predictor.preparation.configuration import in_form
from transformermodel_predictor.preparation.forms.catalogue import FORMS, refusal
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.quiet import quiet

ANYWHERE = Place()
"""A CPU, batches of any size."""


def build(merged: Merged, task: TaskName, candidate: Candidate, folder: Path, place: Place = ANYWHERE) -> None:
    """Write weights in the candidate's form, tokenizer, labels and model-config.yaml into a new folder.

    The model in memory is left as it was, so that several candidates can be built of it.

    Raises:
        PreparationFailed: UnsupportedForm, the model cannot be had this way; the message says why.
    """
    reason = refusal(candidate, task, merged.model.config.model_type, place)
    if reason is not None:
        raise PreparationFailed(FailureReason.UnsupportedForm, f"{reason}.")
    folder.mkdir()
    FORMS[candidate.format].build(merged, candidate, place, folder)
    with quiet():
        merged.tokenizer.save_pretrained(folder)
    if merged.labels:
        text = labels_text(merged.labels, as_list=task is TaskName.TokenClassification)
        (folder / LABELS_FILE).write_text(text, encoding="utf-8")
    (folder / CONFIGURATION_FILE).write_text(in_form(merged.configuration, candidate).text(), encoding="utf-8")
