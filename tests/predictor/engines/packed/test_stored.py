"""Recordings are read where they fit: with the versions and the structure that they were made with."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from tests.predictor.engines.packed.architectures import HEADS, Architecture
from transformermodel_predictor.engines.packed.model import PackedModel, Pooling
from transformermodel_predictor.engines.packed.stored import (
    StoredRecording,
    only_computes,
    stored_recordings,
    stored_text,
)

GRAPH = "graph(%a : Tensor):\n  %b : Tensor = aten::neg(%a)\n  return (%b)\n"
READS = """graph(%a : Tensor):
  %file : str = prim::Constant[value="/etc/passwd"]()
  %none : None = prim::Constant()
  %b : Tensor = aten::from_file(%file, %none, %none, %none, %none, %none, %none)
  return (%b)
"""
READS_WITHIN = """graph(%a : Tensor, %given : bool):
  %file : str = prim::Constant[value="/etc/passwd"]()
  %none : None = prim::Constant()
  %c : Tensor = prim::If(%given)
    block0():
      %b : Tensor = aten::from_file(%file, %none, %none, %none, %none, %none, %none)
      -> (%b)
    block1():
      -> (%a)
  return (%c)
"""
ONE = StoredRecording(("input_ids", "position_ids"), ("logits",), GRAPH)
OTHER = StoredRecording(("input_ids", "token_type_ids", "position_ids"), ("logits",), GRAPH)


@pytest.fixture(scope="module")
def packed() -> PackedModel:
    return bert()


def bert(seed: int = 0) -> PackedModel:
    return PackedModel(Architecture("Bert").model(HEADS[0], seed))


@pytest.fixture
def file(tmp_path: Path, packed: PackedModel) -> Path:
    file = tmp_path / "recordings.json"
    file.write_text(stored_text(packed, [OTHER, ONE]))
    return file


def test_what_is_stored_is_read(file: Path, packed: PackedModel) -> None:
    assert stored_recordings(file, packed) == (ONE, OTHER)


def test_their_order_does_not_matter(file: Path, packed: PackedModel) -> None:
    assert stored_text(packed, [ONE, OTHER]) == file.read_text()


def test_other_weights_of_the_same_structure_do_not_matter(file: Path) -> None:
    assert stored_recordings(file, bert(seed=1)) == (ONE, OTHER)


@pytest.mark.parametrize("library", ["torch", "transformers", "transformermodel"])
def test_those_of_another_version_are_not_used(
    file: Path, packed: PackedModel, library: str, caplog: pytest.LogCaptureFixture
) -> None:
    content = json.loads(file.read_text())
    content["made_with"][library] = "0.1"
    file.write_text(json.dumps(content))
    with caplog.at_level(logging.INFO):
        assert stored_recordings(file, packed) == ()
    assert f"another {library}" in caplog.text


def test_nor_those_of_another_structure(file: Path) -> None:
    other = bert()
    other.pooling = Pooling.Padded
    assert stored_recordings(file, other) == ()


def test_there_need_be_no_file(tmp_path: Path, packed: PackedModel, caplog: pytest.LogCaptureFixture) -> None:
    assert stored_recordings(tmp_path / "none.json", packed) == ()
    assert not caplog.records


def test_a_graph_that_does_more_than_compute_is_neither_run_nor_stored(
    file: Path, packed: PackedModel, caplog: pytest.LogCaptureFixture
) -> None:
    assert only_computes(GRAPH)
    assert not only_computes(READS)
    file.write_text(stored_text(packed, [ONE, replace(OTHER, graph=READS)]))
    assert stored_recordings(file, packed) == ()
    assert "does more than compute" in caplog.text


def test_nor_is_what_is_no_graph(file: Path, packed: PackedModel, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text(stored_text(packed, [replace(ONE, graph="no graph")]))
    assert stored_recordings(file, packed) == ()
    assert "cannot be read" in caplog.text


def test_nor_is_one_that_does_so_in_a_condition() -> None:
    assert not only_computes(READS_WITHIN)
    assert only_computes(
        READS_WITHIN.replace("aten::from_file(%file, %none, %none, %none, %none, %none, %none)", "aten::neg(%a)")
    )


@pytest.mark.parametrize("content", [b"", b"[]", b'{"made_with": {}}', b"\xff"])
def test_one_that_cannot_be_read_is_told_and_passed_over(
    file: Path, packed: PackedModel, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(content)
    assert stored_recordings(file, packed) == ()
    assert "cannot be read, so the model is recorded anew" in caplog.text
