"""Keys of model-config.yaml that cannot have their effect are named as the model is loaded."""

from dataclasses import replace

import pytest

from transformermodel_api.errors import UserError
from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.artifact.agreement import require_agreement
from transformermodel_predictor.artifact.compilation import PT2, Compilation
from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.candidate import REFERENCE, Candidate, EngineName
from transformermodel_predictor.preparation.configuration import in_form

LABELS = ("NEGATIVE", "POSITIVE")
PLAIN = ModelConfiguration(num_labels=2)
PACKED = replace(REFERENCE, engine=EngineName.Packed)


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.Auto])
@pytest.mark.parametrize("compilation", [None, Compilation()])
def test_what_preparation_writes_agrees(form: Format, compilation: Compilation | None) -> None:
    engine = EngineName.Neuron if form is Format.NeuronX else EngineName(form.value)
    candidate = Candidate(form, engine, Precision.Float32)
    configuration = in_form(replace(PLAIN, pt2=PT2(compile=compilation)), candidate)
    require_agreement(configuration, candidate, LABELS)
    assert (configuration.pt2.compile is not None) == (compilation is not None and form is Format.Pretrained)


@pytest.mark.parametrize(
    ("configuration", "candidate", "problem"),
    [
        (
            replace(PLAIN, save_mode="torchscript"),
            REFERENCE,
            "handler.save_mode is 'torchscript', but the weights are Pretrained: use pretrained",
        ),
        (replace(PLAIN, save_mode="pickle"), REFERENCE, r"handler\.save_mode is 'pickle'"),
        (replace(PLAIN, hardware="neuronx"), REFERENCE, "handler.hardware is 'neuronx', but the weights are Pretrain"),
        (replace(PLAIN, pt2=PT2(export=True)), REFERENCE, "pt2.export.aot_compile is True, but the weights are Pretr"),
        (
            replace(PLAIN, pt2=PT2(Compilation())),
            PACKED,
            "pt2.compile is for the engine Pretrained, but the engine is Packed: remove it",
        ),
        (replace(PLAIN, problem_type="regression"), REFERENCE, "handler.problem_type 'regression' cannot be answered"),
        (replace(PLAIN, num_labels=3), REFERENCE, "handler.num_labels is 3, but index_to_name.json names 2 classes"),
    ],
)
def test_a_key_that_cannot_have_its_effect_is_named(
    configuration: ModelConfiguration, candidate: Candidate, problem: str
) -> None:
    with pytest.raises(UserError, match=problem):
        require_agreement(configuration, candidate, LABELS)


def test_a_classifier_needs_names_for_its_classes() -> None:
    with pytest.raises(UserError, match=r"handler\.mode is sequence_classification, but index_to_name\.json"):
        require_agreement(PLAIN, REFERENCE, ())
    require_agreement(ModelConfiguration(mode="question_answering", num_labels=0), REFERENCE, ())


def test_num_labels_may_be_left_out_and_hardware_may_be_what_it_is() -> None:
    require_agreement(ModelConfiguration(hardware="cpu"), REFERENCE, LABELS)
