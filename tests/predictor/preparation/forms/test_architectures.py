"""Every architecture on every engine that needs no compiler: equal to the model itself, whatever the batch."""

from pathlib import Path

import pytest
import torch

from tests.predictor.preparation.forms.comparison import difference
from tests.predictor.preparation.forms.tiny_models import (
    ARCHITECTURES,
    HEADS,
    SEEKING_ENDS,
    ended,
    merged,
    rows,
    tiny_model,
)
from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.catalogue import load_engine
from transformermodel_predictor.engines.graph import GraphEngine
from transformermodel_predictor.engines.signature import Signature
from transformermodel_predictor.preparation.build import build
from transformermodel_predictor.preparation.forms.exported import export_program
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.forms.plain import exportable_encoder
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task

BATCHES = ((1,), (9, 3), (2, 30, 17, 40, 5))
TASK = make_task(TaskName.SequenceClassification, TaskConfiguration(("NEGATIVE", "NEUTRAL", "POSITIVE"), 40))

PRETRAINED = Candidate(Format.Pretrained, EngineName.Pretrained, Precision.Float32)
PACKED = Candidate(Format.Pretrained, EngineName.Packed, Precision.Float32)
TORCHSCRIPT = Candidate(Format.TorchScript, EngineName.TorchScript, Precision.Float32)
ONNX = Candidate(Format.ONNX, EngineName.ONNX, Precision.Float32)

NOT_PACKED = {"deberta-v2", "mpnet", "gpt2", "llama"}
"""Architectures whose attention cannot be replaced, or that do not look both ways."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("architecture", "candidate"),
    [
        (architecture, candidate)
        for candidate in (PRETRAINED, PACKED, TORCHSCRIPT, ONNX)
        for architecture in ARCHITECTURES
        if candidate is not PACKED or architecture not in NOT_PACKED
    ],
    ids=str,
)
def test_a_classifier_gives_what_the_model_gives(architecture: str, candidate: Candidate, tmp_path: Path) -> None:
    model = tiny_model(architecture)
    build(merged(model), TaskName.SequenceClassification, candidate, tmp_path / "artifact")
    engine = load_engine(tmp_path / "artifact", candidate, TASK)
    assert max(difference(engine, model, rows(*lengths)) for lengths in BATCHES) < 1e-4


@pytest.mark.parametrize("head", [head for head in HEADS if head != "SequenceClassification"])
@pytest.mark.parametrize(
    ("architecture", "candidate"),
    [
        *(("bert", candidate) for candidate in (PRETRAINED, PACKED, TORCHSCRIPT, ONNX)),
        *(("deberta-v2", candidate) for candidate in (TORCHSCRIPT, ONNX)),
    ],
    ids=str,
)
def test_a_head_per_token_gives_what_the_model_gives(
    architecture: str, head: str, candidate: Candidate, tmp_path: Path
) -> None:
    model = tiny_model(architecture, head)
    build(merged(model), TaskName(head), candidate, tmp_path / "artifact")
    task = make_task(TaskName(head), TaskConfiguration(("NEGATIVE", "NEUTRAL", "POSITIVE"), 40))
    engine = load_engine(tmp_path / "artifact", candidate, task)
    assert max(difference(engine, model, rows(*lengths)) for lengths in BATCHES) < 1e-4


@pytest.mark.parametrize("architecture", ["bert", "deberta-v2", "modernbert", "gpt2"])  # a second each
def test_a_program_is_exported_with_any_number_of_rows_and_tokens(architecture: str) -> None:
    model = tiny_model(architecture)
    with torch.no_grad():
        source = exportable_encoder(merged(model), Place())
        program = export_program(source).module()
    assert isinstance(source.signature, Signature)
    engine = GraphEngine(source.signature, lambda tensors: program(*tensors))
    assert max(difference(engine, model, rows(*lengths)) for lengths in BATCHES) < 1e-4


@pytest.mark.parametrize("architecture", SEEKING_ENDS)
@pytest.mark.parametrize("candidate", [TORCHSCRIPT, ONNX], ids=str)
def test_a_classifier_that_looks_for_the_end_of_a_text_gives_what_the_model_gives(
    architecture: str, candidate: Candidate, tmp_path: Path
) -> None:
    """Rows of one pass have as many ends each, a text one and a pair of texts two."""
    model = tiny_model(architecture)
    build(merged(model), TaskName.SequenceClassification, candidate, tmp_path / "artifact")
    engine = load_engine(tmp_path / "artifact", candidate, TASK)
    for ends in (1, 2):
        batches = ([ended(row, ends) for row in rows(*lengths)] for lengths in BATCHES)
        assert max(difference(engine, model, batch) for batch in batches) < 1e-4


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
@pytest.mark.parametrize("candidate", [TORCHSCRIPT, ONNX], ids=str)
def test_a_model_that_knows_no_padding_answers_row_by_row(
    architecture: str, candidate: Candidate, tmp_path: Path
) -> None:
    model = tiny_model(architecture, pad_token_id=None)
    build(merged(model), TaskName.SequenceClassification, candidate, tmp_path / "artifact")
    engine = load_engine(tmp_path / "artifact", candidate, TASK)
    assert difference(engine, model, rows(9, 3, 1)) < 1e-4
