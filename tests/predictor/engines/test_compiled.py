from pathlib import Path
from typing import Any

import pytest
import torch

from tests.predictor.preparation.forms.comparison import difference
from tests.predictor.preparation.forms.tiny_models import MAX_LENGTH, merged, rows, tiny_model
from transformermodel_api.errors import CorruptArtifact, PreparationFailed
from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.catalogue import load_engine
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task

TORCHSCRIPT = Candidate(Format.TorchScript, EngineName.TorchScript, Precision.Float32)
TASK = make_task(TaskName.SequenceClassification, TaskConfiguration(("NEGATIVE", "NEUTRAL", "POSITIVE"), MAX_LENGTH))


def test_what_torchserves_preparation_script_has_traced_is_run_too(tmp_path: Path) -> None:
    model = tiny_model("distilbert")
    given = merged(model)
    ids = torch.full((1, MAX_LENGTH), 5)
    jit: Any = torch.jit
    model.config.return_dict = False
    jit.save(jit.trace(model, (ids, torch.ones_like(ids))), tmp_path / "traced_model.pt")
    model.config.return_dict = True
    given.tokenizer.save_pretrained(tmp_path)
    (tmp_path / CONFIGURATION_FILE).write_text(given.configuration.text())
    engine = load_engine(tmp_path, TORCHSCRIPT, TASK)
    assert difference(engine, model, rows(9, 3, MAX_LENGTH)) < 1e-4


def test_a_folder_without_a_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "signature.json").write_text('{"inputs": [], "outputs": [], "max_length": 1}')
    with pytest.raises(PreparationFailed, match=r"UnsupportedForm: .* holds no files that could be its model\.pt"):
        load_engine(tmp_path, TORCHSCRIPT, TASK)


def test_a_signature_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "signature.json").write_text("[]")
    with pytest.raises(CorruptArtifact, match=r"signature\.json cannot be read"):
        load_engine(tmp_path, TORCHSCRIPT, TASK)


def test_a_graph_for_another_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "signature.json").write_text('{"inputs": [], "outputs": [], "max_length": 1, "device": "cuda"}')
    with pytest.raises(PreparationFailed, match="compiled for the device cuda, not cpu"):
        load_engine(tmp_path, TORCHSCRIPT, TASK)
