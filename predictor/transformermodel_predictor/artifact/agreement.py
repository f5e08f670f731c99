"""Checks that model-config.yaml agrees with the rest of an artifact. Pure.

Artifacts made by a preparation always agree. One edited or packed by hand may not, and no key of its configuration is
silently ignored.
"""

from collections.abc import Iterator, Sequence

from transformermodel_api.errors import UserError
from transformermodel_api.preparation import Format
from transformermodel_predictor.artifact.configuration import MULTI_LABEL, ModelConfiguration
from transformermodel_predictor.candidate import Candidate, EngineName

SAVE_MODES = {
    Format.Pretrained: "pretrained",
    Format.TorchScript: "torchscript",
    Format.Exported: "exported",
    Format.ONNX: "onnx",
    Format.Neuron: "torchscript",
    Format.NeuronX: "torchscript",
}
"""`handler.save_mode` by the form of the weights."""

HARDWARE = {Format.Neuron: "neuron", Format.NeuronX: "neuronx"}
"""`handler.hardware` by the form of the weights."""

_PROBLEM_TYPES = ("", "single_label_classification", MULTI_LABEL)
_CLASSIFIERS = ("sequence_classification", "token_classification")


def require_agreement(configuration: ModelConfiguration, candidate: Candidate, labels: Sequence[str]) -> None:
    """Refuse a configuration that contradicts the artifact.

    Raises:
        UserError: a key of model-config.yaml cannot take effect; the message names it and the right value.
    """
    for contradiction in _contradictions(configuration, candidate, labels):
        raise UserError(f"model-config.yaml: {contradiction}")


def _contradictions(configuration: ModelConfiguration, candidate: Candidate, labels: Sequence[str]) -> Iterator[str]:
    form, wanted = candidate.format, SAVE_MODES[candidate.format]
    if configuration.save_mode != wanted:
        known = ", ".join(dict.fromkeys(SAVE_MODES.values()))
        yield f"handler.save_mode is {configuration.save_mode!r}, but the weights are {form}: use {wanted} (of {known})"
    if configuration.hardware.startswith("neuron") and configuration.hardware != HARDWARE.get(form):
        yield f"handler.hardware is {configuration.hardware!r}, but the weights are {form}: prepare them for it"
    if configuration.pt2.export != (form is Format.Exported):
        yield f"pt2.export.aot_compile is {configuration.pt2.export}, but the weights are {form}"
    if configuration.pt2.compile and candidate.engine is not EngineName.Pretrained:
        yield f"pt2.compile is for the engine Pretrained, but the engine is {candidate.engine}: remove it"
    if configuration.problem_type not in _PROBLEM_TYPES:
        yield f"handler.problem_type {configuration.problem_type!r} cannot be answered: only labels can"
    yield from _about_labels(configuration, labels)


def _about_labels(configuration: ModelConfiguration, labels: Sequence[str]) -> Iterator[str]:
    if configuration.mode not in _CLASSIFIERS:
        return
    if not labels:
        yield f"handler.mode is {configuration.mode}, but index_to_name.json, which names the classes, is missing"
    elif configuration.num_labels not in (None, len(labels)):
        yield f"handler.num_labels is {configuration.num_labels}, but index_to_name.json names {len(labels)} classes"
