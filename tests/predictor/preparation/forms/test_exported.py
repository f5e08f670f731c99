"""One model is compiled, which takes half a minute, and everything is asked of it."""

import errno
import json
import os
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.predictor.preparation.forms.comparison import difference
from tests.predictor.preparation.forms.conftest import candidate
from tests.predictor.preparation.forms.own_architecture import own_model
from tests.predictor.preparation.forms.tiny_models import VOCABULARY, merged, rows
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Format
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.engines.catalogue import load_engine
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.exported import load
from transformermodel_predictor.preparation.forms.exported import ExportedForm
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task
from transformermodel_predictor.tasks.task import Encoding

EXPORTED = candidate(Format.Exported)
TASK = make_task(TaskName.SequenceClassification, TaskConfiguration(("NEGATIVE", "NEUTRAL", "POSITIVE"), 40))


def engine(folder: Path) -> Engine:
    return load_engine(folder, EXPORTED, TASK)


def with_signature(compiled: Artifact, folder: Path, **made_with: str) -> Path:
    """A copy whose code claims to have been made with something else."""
    signature = json.loads((compiled.path / "signature.json").read_text())
    signature["made_with"].update(made_with)
    (folder / "signature.json").write_text(json.dumps(signature))
    (folder / "model.pt2").symlink_to(compiled.path / "model.pt2")
    return folder


@pytest.mark.slow
class TestCompiled:
    def test_it_gives_what_the_model_gives_whatever_the_batch(self, compiled: Artifact) -> None:
        loaded = engine(compiled.path)
        for lengths in ((1,), (9, 3), (2, 30, 17, 40, 5)):
            assert difference(loaded, own_model(), rows(*lengths)) < 1e-4

    @pytest.mark.parametrize(
        ("ids", "problem"),
        [
            ([VOCABULARY], "input_ids holds 50; this model takes 0 to 49"),
            ([10**12], "input_ids holds 1000000000000; this model takes 0 to 49"),
            ([-1], "input_ids holds -1; this model takes 0 to 49"),
            ([5] * 41, "a row has 41 tokens; this model takes 1 to 40"),
            ([], "a row has 0 tokens; this model takes 1 to 40"),
        ],
        ids=["too large", "far too large", "negative", "too many", "none"],
    )
    def test_what_would_end_the_process_is_an_exception(self, compiled: Artifact, ids: list[int], problem: str) -> None:
        loaded = engine(compiled.path)
        with pytest.raises(ValueError, match=f"^{problem}$"):
            loaded.run([Encoding({"input_ids": ids})])
        assert len(loaded.run([Encoding({"input_ids": [5] * 40})])) == 1

    def test_its_threads_are_those_of_the_process_that_runs_it(self, compiled: Artifact) -> None:
        with zipfile.ZipFile(compiled.path / "model.pt2") as package:
            sources = [package.read(name).decode() for name in package.namelist() if name.endswith(".cpp")]
        assert sources
        assert not any("num_threads(" in source for source in sources)

    def test_another_version_of_pytorch_is_refused(self, compiled: Artifact, tmp_path: Path) -> None:
        folder = with_signature(compiled, tmp_path, torch="2.0.0")
        here = torch.__version__.partition("+")[0]
        with pytest.raises(PreparationFailed, match=f"UnsupportedForm: .* for torch 2.0.0, and here is {here}"):
            engine(folder)

    def test_a_processor_without_its_instructions_is_refused(self, compiled: Artifact, tmp_path: Path) -> None:
        folder = with_signature(compiled, tmp_path, instructions="avx2 avx99")
        with pytest.raises(PreparationFailed, match="uses the instruction sets avx99, which this processor"):
            engine(folder)

    def test_a_library_of_an_older_pytorch_is_loaded_too(self, compiled: Artifact, tmp_path: Path) -> None:
        with zipfile.ZipFile(compiled.path / "model.pt2") as package:
            (name,) = [name for name in package.namelist() if name.endswith(".so")]
            (tmp_path / "model.so").write_bytes(package.read(name))
        (tmp_path / "signature.json").write_bytes((compiled.path / "signature.json").read_bytes())
        assert difference(engine(tmp_path), own_model(), rows(9, 3)) < 1e-4


def test_a_package_that_is_none_is_refused(tmp_path: Path, tiny_artifact: Artifact) -> None:
    for name in ("model-config.yaml", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).symlink_to(tiny_artifact.path / name)
    (tmp_path / "model.pt2").write_bytes(b"none")
    with pytest.raises(PreparationFailed, match=r"UnsupportedForm: .*model\.pt2 cannot be loaded by AOTInductor"):
        load(tmp_path, EXPORTED, TASK, torch.device("cpu"))


@pytest.mark.parametrize(
    "fault",
    [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), RuntimeError("g++: /tmp/x.s: No space left on device")],
    ids=["of Python", "of a compiler"],
)
def test_a_compilation_that_finds_no_room_says_so_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fill_the_disk(*_: object, **__: object) -> None:
        (Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]) / "half").write_bytes(b"half of it")
        raise fault

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr("torch._inductor.aoti_compile_and_package", fill_the_disk)
    for folder in ("temporary", "model"):
        (tmp_path / folder).mkdir()
    with pytest.raises(PreparationFailed, match="InsufficientStorage"):
        ExportedForm().build(merged(own_model()), EXPORTED, Place(), tmp_path / "model")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_machine_without_a_compiler_is_told_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    reason = ExportedForm().refusal(EXPORTED, TaskName.SequenceClassification, "bert", replace(Place()))
    assert reason is not None
    assert "install the Debian package g++" in reason
