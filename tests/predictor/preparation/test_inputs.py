from dataclasses import replace
from typing import Any

import pytest

from tests.predictor.preparation.conftest import request_for
from transformermodel_predictor.preparation.inputs import Inputs, Pinned
from transformermodel_predictor.sources.directory import DirectorySource
from transformermodel_predictor.sources.source import Resolved


@pytest.fixture
def inputs(tmp_path: Any) -> Inputs:
    source = DirectorySource(tmp_path, "file://model")
    return Inputs(Pinned("file://model", source, Resolved("tree@1", "1")), None)


def test_where_a_source_was_found_is_not_part_of_its_key(inputs: Inputs) -> None:
    elsewhere = replace(inputs, checkpoint=replace(inputs.checkpoint, uri="file://elsewhere"))
    assert inputs.key_for(request_for("file://model")) == elsewhere.key_for(request_for("file://elsewhere"))


@pytest.mark.parametrize(
    "fields",
    [
        {"preparation": {"maxLength": 8}},
        {"preparation": {"labels": ["a", "b"]}},
        {"preparation": {"doLowerCase": False}},
        {"tests": [{"input": {"text": "a"}, "expect": {"label": "b"}}]},
    ],
)
def test_what_is_asked_for_is_part_of_the_key(inputs: Inputs, fields: dict[str, Any]) -> None:
    assert inputs.key_for(request_for(**fields)) != inputs.key_for(request_for())
    assert len(inputs.key_for(request_for())) == 64


def test_the_states_of_both_sources_are_part_of_both_keys(inputs: Inputs) -> None:
    other = replace(inputs, checkpoint=replace(inputs.checkpoint, resolved=Resolved("tree@2", "2")))
    merged = replace(inputs, adapter=inputs.checkpoint)
    assert len({each.key for each in (inputs, other, merged)}) == 3
    assert len({each.key_for(request_for()) for each in (inputs, other, merged)}) == 3
