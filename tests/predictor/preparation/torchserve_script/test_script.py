"""The ancestor's configuration files, and the manifests that say the same."""

import json
from typing import Any

import pytest

from transformermodel_api.validation import problems
from transformermodel_predictor.artifact.compilation import Compilation
from transformermodel_predictor.preparation.torchserve_script.script import (
    DownloaderConfiguration,
    equivalent_model,
    read_downloader_configuration,
)

SETUP = {
    "model_name": "bert-base-uncased",
    "mode": "sequence_classification",
    "do_lower_case": True,
    "num_labels": "2",
    "save_mode": "pretrained",
    "max_length": "150",
    "captum_explanation": True,
    "embedding_name": "bert",
    "FasterTransformer": False,
    "BetterTransformer": True,
    "model_parallel": False,
}

MODEL_CONFIG = """
minWorkers: 1
maxWorkers: 1
pt2: {compile: {enable: true}}
handler:
  model_name: google/vit
  mode: question_answering
  do_lower_case: false
  num_labels: 0
  save_mode: torchscript
  max_length: 128
  hardware: neuronx
  batch_size: 4
"""


def test_the_objects_of_older_examples_are_read() -> None:
    configuration = read_downloader_configuration(json.dumps(SETUP))
    assert configuration == DownloaderConfiguration(
        model_name="bert-base-uncased",
        mode="sequence_classification",
        num_labels=2,
        do_lower_case=True,
        save_mode="pretrained",
        max_length=150,
        better_transformer=True,
        notes=(
            "captum_explanation has no meaning here: every task can be explained, there is nothing to prepare.",
            "embedding_name has no meaning here: the embeddings are found in the model itself.",
            "FasterTransformer has no meaning here: it is no longer there.",
        ),
    )


def test_the_handler_section_of_newer_examples_is_read() -> None:
    assert read_downloader_configuration(MODEL_CONFIG) == DownloaderConfiguration(
        model_name="google/vit",
        mode="question_answering",
        num_labels=0,
        do_lower_case=False,
        save_mode="torchscript",
        max_length=128,
        hardware="neuronx",
        batch_size=4,
        compile=Compilation(),
        notes=("pt2.compile has no meaning here: save_mode is torchscript, and only pretrained models are compiled.",),
    )


@pytest.mark.parametrize(
    ("changes", "labels", "spec"),
    [
        (
            {},
            None,
            {
                "task": "SequenceClassification",
                "source": {"uri": "hf://google-bert/bert-base-uncased"},
                "preparation": {
                    "format": "Pretrained",
                    "maxLength": 150,
                    "doLowerCase": True,
                    "numLabels": 2,
                    "attention": "SDPA",
                },
            },
        ),
        (
            {"mode": "token_classification", "save_mode": "torchscript", "model_name": "org/model", "hardware": ""},
            ["O", "B-PER"],
            {
                "task": "TokenClassification",
                "source": {"uri": "hf://org/model"},
                "preparation": {
                    "format": "TorchScript",
                    "maxLength": 150,
                    "doLowerCase": True,
                    "labels": ["O", "B-PER"],
                    "attention": "SDPA",
                },
            },
        ),
        (
            {
                "mode": "question_answering",
                "save_mode": "torchscript",
                "hardware": "neuronx",
                "batch_size": 4,
                "BetterTransformer": False,
            },
            ["unused"],
            {
                "task": "QuestionAnswering",
                "source": {"uri": "hf://google-bert/bert-base-uncased"},
                "preparation": {"format": "NeuronX", "maxLength": 150, "doLowerCase": True, "batchSize": 4},
            },
        ),
        (
            {"mode": "text_generation", "model_name": "gpt2", "model_parallel": True, "num_labels": 0},
            None,
            {
                "task": "TextGeneration",
                "source": {"uri": "hf://openai-community/gpt2"},
                "preparation": {
                    "format": "Pretrained",
                    "maxLength": 150,
                    "doLowerCase": True,
                    "attention": "SDPA",
                    "deviceMap": "Auto",
                },
            },
        ),
        (
            {"model_name": "./My_Model", "save_mode": "torchscript", "hardware": "neuron", "max_length": None},
            None,
            {
                "task": "SequenceClassification",
                "source": {"uri": "file://./My_Model"},
                "preparation": {
                    "format": "Neuron",
                    "doLowerCase": True,
                    "numLabels": 2,
                    "batchSize": 1,
                    "attention": "SDPA",
                },
            },
        ),
    ],
    ids=["classification", "tokens, traced", "NeuronX", "generation", "a folder, Neuron"],
)
def test_each_configuration_has_an_equivalent(changes: dict[str, Any], labels: Any, spec: dict[str, Any]) -> None:
    configuration = read_downloader_configuration(json.dumps({**SETUP, **changes}))
    document = equivalent_model(configuration, labels)
    assert document["spec"] == spec
    assert list(problems(document)) == []


@pytest.mark.parametrize(
    ("model_name", "name"),
    [
        ("bert-base-uncased", "bert-base-uncased"),
        ("org/Model_v1.2", "model-v1-2"),
        ("org/4bit", "model-4bit"),
        (f"org/{'x' * 50}", "x" * 40),
    ],
)
def test_the_resource_has_a_name_that_kubernetes_takes(model_name: str, name: str) -> None:
    configuration = DownloaderConfiguration(model_name=model_name, mode="text_generation")
    assert equivalent_model(configuration, None)["metadata"] == {"name": name}


@pytest.mark.parametrize(
    ("pt2", "compiled", "notes"),
    [
        ({"compile": {"enable": True}}, {"backend": "inductor", "mode": "Default"}, []),
        ({"compile": {"enable": False, "mode": "max-autotune"}}, None, []),
        ("openvino", {"backend": "openvino", "mode": "Default"}, []),
        (
            {"compile": {"enable": True, "backend": "inductor", "mode": "reduce-overhead"}},
            {"backend": "inductor", "mode": "ReduceOverhead"},
            [],
        ),
        (
            {"backend": "inductor", "mode": "max-autotune-no-cudagraphs"},
            {"backend": "inductor", "mode": "MaxAutotune"},
            [
                "pt2.compile.mode max-autotune-no-cudagraphs is not known to a TransformerModel: it is MaxAutotune "
                "there."
            ],
        ),
        (
            {"export": {"aot_compile": True}},
            None,
            ["pt2.export was ignored: set spec.preparation.format to Exported if that is wanted."],
        ),
        (None, None, []),
    ],
)
def test_compilation_is_taken_over(pt2: Any, compiled: dict[str, str] | None, notes: list[str]) -> None:
    handler = {"model_name": "org/model", "mode": "question_answering", "save_mode": "pretrained"}
    configuration = read_downloader_configuration(json.dumps({"handler": handler, "pt2": pt2}))
    document = equivalent_model(configuration, None)
    assert document["spec"]["preparation"].get("compile") == compiled
    assert list(configuration.notes) == notes
    assert list(problems(document)) == []


def test_what_is_traced_is_not_compiled() -> None:
    document = equivalent_model(read_downloader_configuration(MODEL_CONFIG), None)
    assert "compile" not in document["spec"]["preparation"]


def test_keys_that_nobody_knows_are_named() -> None:
    configuration = read_downloader_configuration(json.dumps({**SETUP, "colour": "red", "captum_explanation": None}))
    assert configuration.notes[-1] == "colour is not known and was ignored."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "it is not an object"),
        ("{", "it is neither JSON nor YAML"),
        ('{"max_length": "long"}', "setup_config.json.max_length must be int"),
        ('{"handler": {"do_lower_case": "yes"}}', "handler.do_lower_case must be bool"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_its_key(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as refusal:
        read_downloader_configuration(text)
    assert str(refusal.value).startswith(problem)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"model_name": None}, "model_name is missing"),
        ({"mode": None}, "mode is missing"),
        ({"mode": "divination"}, "mode 'divination' is not known; there are sequence_classification, "),
        ({"save_mode": "onnx"}, "save_mode 'onnx' with hardware '' is not known"),
        ({"hardware": "neuron"}, "save_mode 'pretrained' with hardware 'neuron' is not known"),
        ({"model_name": "my-own"}, "model_name 'my-own' has no organisation: write it as on the hub, such as org/my"),
    ],
)
def test_what_cannot_be_prepared_is_refused(changes: dict[str, Any], problem: str) -> None:
    configuration = read_downloader_configuration(json.dumps({**SETUP, **changes}))
    with pytest.raises(ValueError) as refusal:
        equivalent_model(configuration, None)
    assert str(refusal.value).startswith(problem)
