"""No field of the resource is lost on its way into model-config.yaml."""

from typing import Any

import pytest

from tests.predictor.preparation.conftest import Kitchen, request_for
from tests.predictor.tiny import save_tiny_checkpoint
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.preparation import Attention, DeviceMap, Format, Preparation
from transformermodel_predictor.artifact.compilation import PT2, Compilation
from transformermodel_predictor.artifact.configuration import ModelConfiguration, read_configuration
from transformermodel_predictor.artifact.generation import GenerationDefaults
from transformermodel_predictor.candidate import REFERENCE, Candidate, EngineName
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.configuration import ModelFacts, configuration_for, in_form

FACTS = ModelFacts(labels=2, max_length=64, lower_cases=True, base_model="bert", problem_type=None)

ELSEWHERE = {
    "format": "the candidate",
    "engine": "the candidate",
    "precision": "the candidate",
    "max_length": "the facts",
    "do_lower_case": "the facts",
    "labels": "index_to_name.json",
    "num_labels": "the facts",
    "parity": "the report",
    "deadline_seconds": "the Job",
    "ttl_seconds_after_finished": "the Job",
    "service_account_name": "the Job",
    "resources": "the Job",
    "node_selector": "the Job",
    "tolerations": "the Job",
}
"""Fields of spec.preparation that reach what they are for by another way."""

WRITTEN = {
    "batch_size": ({"batchSize": 8}, {"batch_size": 8}),
    "compile": ({"compile": {"mode": "ReduceOverhead"}}, {"pt2": PT2(Compilation("inductor", "reduce-overhead"))}),
    "device_map": ({"deviceMap": "Balanced"}, {"device_map": DeviceMap.Balanced}),
    "attention": ({"attention": "Eager"}, {"attention": Attention.Eager}),
    "generation": (
        {
            "generation": {
                "maxNewTokens": 7,
                "sample": True,
                "temperature": "0.7",
                "topP": "0.95",
                "topK": 60,
                "repetitionPenalty": "1.2",
                "stop": ["END"],
                "returnFullText": True,
            }
        },
        {"generation": GenerationDefaults(7, True, 0.7, 0.95, 60, 1.2, ("END",), True)},
    ),
}


def written(task: str, **preparation: Any) -> ModelConfiguration:
    request = PreparationRequest.model_validate(
        {"task": task, "source": {"uri": "file://model"}, "preparation": preparation}
    )
    return read_configuration(in_form(configuration_for(request, FACTS), REFERENCE).text())


def test_every_field_is_written_or_goes_another_way() -> None:
    assert set(Preparation.model_fields) == set(ELSEWHERE) | set(WRITTEN)


@pytest.mark.parametrize("field", WRITTEN)
def test_a_field_has_its_key(field: str) -> None:
    asked, expected = WRITTEN[field]
    configuration = written("TextGeneration" if field == "generation" else "SequenceClassification", **asked)
    assert {name: getattr(configuration, name) for name in expected} == expected


def test_facts_have_their_keys() -> None:
    configuration = written("SequenceClassification")
    assert configuration == ModelConfiguration(
        mode="sequence_classification", max_length=64, do_lower_case=True, num_labels=2, embedding_name="bert"
    )


def test_generation_is_greedy_where_nothing_is_said() -> None:
    assert written("TextGeneration").generation == GenerationDefaults()
    assert written("QuestionAnswering").generation is None


def test_the_form_has_its_keys() -> None:
    configuration = in_form(ModelConfiguration(), Candidate(Format.NeuronX, EngineName.Neuron, REFERENCE.precision))
    assert (configuration.save_mode, configuration.hardware) == ("torchscript", "neuronx")


def test_a_model_for_several_labels_at_once_is_prepared_as_one(kitchen: Kitchen) -> None:
    save_tiny_checkpoint(kitchen.model, problem_type="multi_label_classification")
    artifact = kitchen.prepared(request_for())
    assert artifact.configuration.multi_label
    (answer,) = load_model(artifact).answer([{"text": "good"}], {"probabilities": True, "threshold": 0})
    assert [entry["score"] for entry in answer["labels"]] == sorted(answer["probabilities"], reverse=True)
    assert sum(answer["probabilities"]) != pytest.approx(1.0, abs=1e-3)
