"""What TorchServe's preparation script left beside a checkpoint holds unless the manifest says otherwise."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.predictor.preparation.conftest import Kitchen, request_for
from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.compilation import Compilation
from transformermodel_predictor.candidate import REFERENCE, EngineName
from transformermodel_predictor.preparation.configuration import in_form
from transformermodel_predictor.preparation.inputs import acquire, resolve
from transformermodel_predictor.preparation.merge import Merged, merge

SETUP = {"mode": "sequence_classification", "num_labels": "3", "do_lower_case": False, "max_length": "32"}
NAMES = ["bad", "so so", "good"]


def merged(kitchen: Kitchen, request: PreparationRequest) -> Merged:
    """The model as preparation has it after acquiring its source."""
    return merge(request, acquire(resolve(request, kitchen.base), kitchen.base / "sources", Watcher()))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("setup_config.json", json.dumps(SETUP)),
        ("model-config.yaml", json.dumps({"minWorkers": 1, "handler": SETUP})),
    ],
)
@pytest.mark.parametrize(
    "names",
    [
        {str(index): name for index, name in enumerate(NAMES)},
        {"label_list": NAMES},
        {"label_list": "[bad, so so, good]"},
    ],
    ids=["mapping", "list", "bracketed"],
)
def test_settings_and_names_are_taken_over(kitchen: Kitchen, file: str, content: str, names: dict[str, Any]) -> None:
    (kitchen.model / file).write_text(content)
    (kitchen.model / "index_to_name.json").write_text(json.dumps(names))
    found = merged(kitchen, request_for())
    assert found.labels == tuple(NAMES)
    assert found.max_length == 32
    assert found.tokenizer.tokenize("Movie movie") == ["[UNK]", "movie"]


def test_the_manifest_is_stronger(kitchen: Kitchen) -> None:
    (kitchen.model / "setup_config.json").write_text(json.dumps(SETUP))
    (kitchen.model / "index_to_name.json").write_text(json.dumps({"label_list": NAMES}))
    wanted = {"maxLength": 16, "doLowerCase": True, "labels": ["x", "y", "z"]}
    found = merged(kitchen, request_for(preparation=wanted))
    assert (found.labels, found.max_length) == (("x", "y", "z"), 16)
    assert found.tokenizer.tokenize("Movie") == ["movie"]


COMPILED = {"handler": SETUP, "pt2": {"compile": {"enable": True, "backend": "eager", "mode": "reduce-overhead"}}}


def test_what_is_compiled_for_torchserve_is_compiled_here(kitchen: Kitchen) -> None:
    (kitchen.model / "setup_config.json").write_text(json.dumps(SETUP))  # it knows nothing of compiling
    (kitchen.model / "model-config.yaml").write_text(json.dumps(COMPILED))
    found = merged(kitchen, request_for()).configuration
    assert in_form(found, REFERENCE).pt2.compile == Compilation("eager", "reduce-overhead")
    packed = replace(REFERENCE, engine=EngineName.Packed)
    assert in_form(found, packed).pt2.compile is None


@pytest.mark.parametrize(
    ("section", "wanted", "compiled"),
    [
        ({"enable": False, "backend": "inductor"}, {}, None),
        ({"enable": True}, {}, Compilation("inductor", "default")),
        ({"enable": True, "backend": "inductor"}, {"compile": {"backend": "eager"}}, Compilation("eager", "default")),
    ],
)
def test_compiling_that_is_switched_off_or_said_in_the_manifest_is_not_taken_over(
    kitchen: Kitchen, section: dict[str, Any], wanted: dict[str, Any], compiled: Compilation | None
) -> None:
    (kitchen.model / "model-config.yaml").write_text(json.dumps({"handler": SETUP, "pt2": {"compile": section}}))
    assert merged(kitchen, request_for(preparation=wanted)).configuration.pt2.compile == compiled


def test_a_number_of_classes_without_names_gives_them_transformers_names(kitchen: Kitchen) -> None:
    config = kitchen.model / "config.json"
    document = json.loads(config.read_text())
    del document["id2label"], document["label2id"]
    config.write_text(json.dumps(document))
    assert merged(kitchen, request_for(preparation={"numLabels": 3})).labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    (kitchen.model / "setup_config.json").write_text(json.dumps(SETUP))
    assert merged(kitchen, request_for()).labels == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_a_file_that_cannot_be_read_is_named(kitchen: Kitchen) -> None:
    (kitchen.model / "setup_config.json").write_text('{"max_length": "long"}')
    failure = kitchen.failure(request_for())
    assert failure.reason is FailureReason.UnsupportedSource
    assert failure.message.startswith("setup_config.json of file://model cannot be read: setup_config.json.max_length")
