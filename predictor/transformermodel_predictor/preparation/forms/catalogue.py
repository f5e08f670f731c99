"""The forms that this version can build, and why a candidate may be refused."""

from importlib.util import find_spec

from transformermodel_api.preparation import Format
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.forms.exported import ExportedForm
from transformermodel_predictor.preparation.forms.form import Form, Place
from transformermodel_predictor.preparation.forms.neuron import NeuronForm, NeuronXForm
from transformermodel_predictor.preparation.forms.onnx import OnnxForm
from transformermodel_predictor.preparation.forms.pretrained import PretrainedForm
from transformermodel_predictor.preparation.forms.torchscript import TorchScriptForm
from transformermodel_predictor.pretrained import listed

FORMS: dict[Format, Form] = {
    form.format: form
    for form in (PretrainedForm(), TorchScriptForm(), ExportedForm(), OnnxForm(), NeuronForm(), NeuronXForm())
}

_PACKAGES = {Format.ONNX: ("onnx", "onnxruntime")}
"""Packages that a form needs besides PyTorch and transformers."""


def all_candidates() -> tuple[Candidate, ...]:
    """Every way to store and run a model, in the order of the formats."""
    return tuple(candidate for form in FORMS.values() for candidate in form.candidates)


def refusal(candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
    """Why a candidate is unsuitable for a model and a place; None if it can be tried.

    Args:
        candidate: form, engine and precision.
        task: what the model does.
        architecture: `model_type` of the configuration.
        place: where it will run.
    """
    form = FORMS.get(candidate.format)
    if form is None:
        return f"the form {candidate.format.value} is not known here"
    if candidate not in form.candidates:
        known = ", ".join(f"{known.engine.value} in {known.precision.value}" for known in form.candidates)
        return (
            f"the form {candidate.format.value} is not run by the engine {candidate.engine.value} in "
            f"{candidate.precision.value}; there is: {known}"
        )
    if task not in form.tasks:
        known = listed([name.value for name in form.tasks])
        return f"the form {candidate.format.value} is for {known}, not for {task.value}"
    missing = [name for name in _PACKAGES.get(candidate.format, ()) if find_spec(name) is None]
    if missing:
        return f"the form {candidate.format.value} needs {listed(missing)}, which is not installed here"
    return form.refusal(candidate, task, architecture, place)
