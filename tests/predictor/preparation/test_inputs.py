from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.predictor.preparation.conftest import request_for
from transformermodel_predictor.preparation import placement
from transformermodel_predictor.preparation.inputs import Inputs
from transformermodel_predictor.preparation.placement import CPU, Placement
from transformermodel_predictor.sources.directory import DirectorySource
from transformermodel_predictor.sources.pinned import Pinned
from transformermodel_predictor.sources.source import Resolved


@pytest.fixture
def inputs(tmp_path: Any) -> Inputs:
    source = DirectorySource(tmp_path, "file://model")
    return Inputs(Pinned("file://model", source, Resolved("tree@1", "1")), None)


def test_where_a_source_was_found_is_not_part_of_its_key(inputs: Inputs) -> None:
    elsewhere = replace(inputs, checkpoint=replace(inputs.checkpoint, origin="file://elsewhere"))
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


def test_it_makes_no_difference_who_names_the_device(inputs: Inputs) -> None:
    assert inputs.key_for(request_for(device="CPU")) == inputs.key_for(request_for())


def test_the_device_is_part_of_the_key_and_of_no_key_on_a_cpu(inputs: Inputs) -> None:
    gpu = torch.device("cuda", 0)
    elsewhere, here = (replace(inputs, placement=Placement(gpu, device)) for device in (CPU, gpu))
    assert len({each.key_for(request_for()) for each in (inputs, elsewhere, here)}) == 3
    assert inputs.key == here.key


def test_compiled_code_is_another_s_where_the_processor_is(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, plain = (request_for(preparation={"format": form}) for form in ("Exported", "TorchScript"))
    before = inputs.key_for(compiled), inputs.key_for(plain)
    monkeypatch.setattr(placement, "compiled_here", lambda _: {"instructions": "another"})
    assert inputs.key_for(compiled) != before[0]
    assert inputs.key_for(plain) == before[1]
