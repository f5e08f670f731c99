from pathlib import Path
from shutil import copytree

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import MPNetConfig, MPNetForSequenceClassification

from tests.predictor.tiny import LABELS, MAX_LENGTH
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.manifest import RECORDINGS_FILE
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines import mapping
from transformermodel_predictor.engines.catalogue import load_engine
from transformermodel_predictor.engines.cores import Cores
from transformermodel_predictor.engines.engine import Engine, Recorded
from transformermodel_predictor.engines.linears import can_prepack
from transformermodel_predictor.engines.packed import recording
from transformermodel_predictor.engines.packed.engine import PackedEngine
from transformermodel_predictor.engines.precision import dtype_of
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task
from transformermodel_predictor.tasks.task import Encoding


def load(directory: Path, precision: Precision = Precision.Float32) -> Engine:
    task = make_task(TaskName.SequenceClassification, TaskConfiguration(LABELS, MAX_LENGTH))
    return load_engine(directory, Candidate(Format.Pretrained, EngineName.Packed, precision), task)


def probes(model: LoadedModel) -> list[Encoding]:
    return [window for (window,) in model.task.encode(model.tokenizer, model.task.probes)]


def logits(engine: Engine, rows: list[Encoding]) -> torch.Tensor:
    return torch.stack([outputs["logits"] for outputs in engine.run(rows)])


@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [(Precision.Float32, 1e-5), (Precision.BFloat16, 0.3), (Precision.Float16, 0.1), (Precision.Int8, 1.0)],
)
def test_a_batch_of_mixed_lengths_agrees_with_the_reference(
    tiny_model: LoadedModel, tiny_artifact: Artifact, precision: Precision, tolerance: float
) -> None:
    rows = probes(tiny_model) * 2
    found = logits(load(tiny_artifact.path, precision), rows)
    assert found.dtype is torch.float32
    torch.testing.assert_close(found, logits(tiny_model.engine, rows), atol=tolerance, rtol=0)


def test_what_each_core_computes_is_what_all_compute_together(tiny_artifact: Artifact) -> None:
    torch.manual_seed(0)
    rows = [Encoding({"input_ids": torch.randint(5, 10, (length,)).tolist()}) for length in (30, 9, 28, 31, 17, 30, 5)]
    model = load(tiny_artifact.path)._model  # type: ignore[attr-defined]
    together, shared = PackedEngine(model), PackedEngine(model, Cores(2))
    for _ in range(20):  # threads take turns differently every time
        torch.testing.assert_close(logits(shared, rows), logits(together, rows), atol=1e-5, rtol=0)


def test_what_is_not_a_number_in_one_text_stays_there(tiny_artifact: Artifact) -> None:
    engine = load(tiny_artifact.path)
    broken = 6
    rows = [Encoding({"input_ids": ids}) for ids in ([5, 7] * 10, [5, broken, 8] * 6, [5, 7, 8, 9] * 4)]
    before = logits(engine, rows)
    words = engine._model.model.get_input_embeddings().weight  # type: ignore[attr-defined]
    with torch.no_grad():
        words[broken] = torch.nan
    after = logits(engine, rows)
    assert after[1].isnan().all()
    torch.testing.assert_close(after[[0, 2]], before[[0, 2]], atol=1e-5, rtol=0)


def test_once_warm_the_model_runs_no_more_as_its_pass_was_recorded(tiny_artifact: Artifact) -> None:
    engine = load(tiny_artifact.path)
    row = Encoding({"input_ids": [5, 6, 7]})
    (before,) = engine.run([row])
    ran: list[object] = []
    for module in engine._model.model.modules():  # type: ignore[attr-defined]
        module.register_forward_pre_hook(lambda module, _: ran.append(module))
    (after,) = engine.run([row])
    assert ran == []
    assert after["logits"].equal(before["logits"])


def test_a_replica_reads_what_another_process_recorded(
    tiny_artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(tiny_artifact.path)
    assert isinstance(first, Recorded)
    assert first.recordings_text() is None  # nothing has run
    row = Encoding({"input_ids": [5, 6, 7]})
    expected = logits(first, [row])
    text = first.recordings_text()
    assert text is not None

    folder = copytree(tiny_artifact.path, tmp_path / "model")
    (folder / RECORDINGS_FILE).write_text(text)
    monkeypatch.setattr(recording, "record", forbidden)
    second = load(folder)
    assert logits(second, [row]).equal(expected)
    assert isinstance(second, Recorded)
    assert second.recordings_text() == text


def forbidden(*_: object) -> None:
    pytest.fail("it was recorded anew")


def test_a_step_costs_its_tokens_alone(tiny_artifact: Artifact) -> None:
    assert load(tiny_artifact.path).padding_free


@pytest.mark.parametrize("precision", [Precision.Float32, Precision.BFloat16])
def test_embeddings_stay_in_the_file_through_one_mapping(
    tiny_artifact: Artifact, tmp_path: Path, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That through which all weights were read, and so all its pages, is let go."""
    if not can_prepack(dtype_of(precision)):
        pytest.skip("oneDNN has no linears here for the type, and all weights are read into memory")
    monkeypatch.setattr(mapping, "_LEAST_BYTES", 0)
    folder = copytree(tiny_artifact.path, tmp_path / "model")
    file = folder / "model.safetensors"
    save_file({name: tensor.to(dtype_of(precision)) for name, tensor in load_file(file).items()}, file)
    engine = load(folder, precision)
    assert Path("/proc/self/maps").read_text().count(str(file)) == 1
    assert logits(engine, [Encoding({"input_ids": [5]})]).isfinite().all()


def test_outputs_of_inference_carry_no_graph(tiny_artifact: Artifact) -> None:
    (outputs,) = load(tiny_artifact.path).run([Encoding({"input_ids": [5, 6]})])
    assert outputs["logits"].is_inference()


def test_an_architecture_that_cannot_is_refused_with_the_way_out(tmp_path: Path) -> None:
    config = MPNetConfig(
        vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=3
    )
    MPNetForSequenceClassification(config).save_pretrained(tmp_path)
    with pytest.raises(PreparationFailed, match=r"UnsupportedForm: MPNet.*: it runs without packing"):
        load(tmp_path)
