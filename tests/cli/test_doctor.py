"""`doctor`, `diff` and `prepare --dry-run`, in this process: their real parts on a tiny model."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tests.predictor.preparation.conftest import Kitchen, request_for
from tests.predictor.tiny import save_tiny_checkpoint
from transformermodel_api.failures import FailureReason
from transformermodel_cli.main import app
from transformermodel_predictor.transfer import space

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    save_tiny_checkpoint(tmp_path / "model")
    return write(tmp_path)


def write(folder: Path, **spec: Any) -> Path:
    document = {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {"name": "tiny"},
        "spec": {"task": "SequenceClassification", "source": {"uri": "file://model"}, **spec},
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(document))
    return folder / "model.yaml"


def checks(manifest: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit status, and the checks by name."""
    ended = RUNNER.invoke(app, ["doctor", str(manifest), "--store", str(manifest.parent), "--output", "json"])
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    return ended.exit_code, {check["name"]: check for check in found}


class TestDoctor:
    def test_where_nothing_will_fail_all_is_ok_or_skipped_with_a_reason(self, manifest: Path) -> None:
        status, found = checks(manifest)
        assert status == 0
        assert {name: check["finding"] for name, check in found.items()} == {
            **dict.fromkeys(("schema", "source", "forms", "space", "memory"), "ok"),
            "cluster": "skipped",
        }
        assert found["cluster"]["message"] == "there is no current cluster (there is no kubeconfig)"

    @pytest.mark.parametrize(
        ("spec", "name", "reason"),
        [
            ({"source": {"uri": "file://nowhere"}}, "source", FailureReason.NotFound),
            ({"source": {"uri": "package://no_such_package_at_all/model"}}, "source", FailureReason.NotFound),
            ({"preparation": {"format": "NeuronX", "batchSize": 4}}, "forms", FailureReason.UnsupportedForm),
        ],
    )
    def test_what_will_fail_is_told_with_its_reason_and_remedy(
        self, manifest: Path, spec: dict[str, Any], name: str, reason: FailureReason
    ) -> None:
        status, found = checks(write(manifest.parent, **spec))
        assert status == reason.exit_status
        assert found[name]["finding"] == "failed"
        assert found[name]["reason"] == reason.name
        assert found[name]["remedy"] == reason.remedy

    @pytest.mark.parametrize(
        ("harm", "reason", "sentence"),
        [
            (lambda folder: (folder / "config.json").unlink(), "UnsupportedSource", "file://model has no config.json."),
            (
                lambda folder: os.truncate(folder / "model.safetensors", 5000),
                "UnsupportedSource",
                "model.safetensors of file://model is cut or damaged",
            ),
            (
                lambda folder: (folder / "config.json").write_text('{"model_type": "vit"}'),
                "UnsupportedArchitecture",
                "file://model has the architecture 'vit', for which there is no AutoModelForSequenceClassification.",
            ),
        ],
        ids=["no config.json", "cut", "architecture"],
    )
    def test_a_checkpoint_that_would_be_refused_is_refused_before(
        self, manifest: Path, harm: Callable[[Path], Any], reason: str, sentence: str
    ) -> None:
        harm(manifest.parent / "model")
        status, found = checks(manifest)
        assert status == FailureReason[reason].exit_status
        assert found["source"]["message"].startswith(sentence)
        assert found["source"]["remedy"] == FailureReason[reason].remedy
        planned = RUNNER.invoke(app, ["prepare", "--dry-run", str(manifest)])
        assert str(planned.exception).startswith(f"{reason}: {sentence}")

    @pytest.mark.parametrize("missing", ["adapter_config.json", "adapter_model.safetensors"])
    def test_an_adapter_that_is_not_whole_is_named(self, manifest: Path, missing: str) -> None:
        adapter = manifest.parent / "adapter"
        adapter.mkdir()
        for name in {"adapter_config.json", "adapter_model.safetensors", "model.safetensors"} - {missing}:
            shutil.copyfile(manifest.parent / "model" / Path(name).name.replace("adapter_", ""), adapter / name)
        _, found = checks(write(manifest.parent, source={"uri": "file://model", "adapterUri": "file://adapter"}))
        assert found["source"]["message"] == f"file://adapter has no {missing}."

    def test_a_claim_is_left_to_the_cluster(self, manifest: Path) -> None:
        status, found = checks(write(manifest.parent, source={"uri": "pvc://models/one"}))
        assert status == 0
        assert found["source"]["finding"] == "skipped"
        assert found["source"]["message"].startswith("pvc://models can be read in the cluster only")

    def test_a_manifest_that_breaks_the_schema_is_the_user_s(self, manifest: Path) -> None:
        status, found = checks(write(manifest.parent, task="Divination"))
        assert status == 2
        assert "Divination" in found["schema"]["message"]
        assert set(found) == {"schema"}

    def test_too_little_room_is_found_before_anything_is_fetched(
        self, manifest: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(space, "free_bytes", lambda _: 1000)
        status, found = checks(manifest)
        assert status == FailureReason.InsufficientStorage.exit_status
        assert "has room for 0.0 MB" in found["space"]["message"]

    def test_for_people_a_failure_has_its_remedy_below(self, manifest: Path) -> None:
        shown = RUNNER.invoke(app, ["doctor", str(write(manifest.parent, source={"uri": "file://nowhere"}))])
        assert "FAILED  source" in shown.stdout
        assert FailureReason.NotFound.remedy in shown.stdout
        assert shown.exit_code == FailureReason.NotFound.exit_status


class TestDryRun:
    def test_it_says_what_would_be_fetched_and_tried_and_does_nothing(self, manifest: Path) -> None:
        store = manifest.parent / "store"
        shown = RUNNER.invoke(app, ["prepare", "--dry-run", str(manifest), "--store", str(store), "--output", "json"])
        plan = json.loads(shown.stdout)
        (source,) = plan["sources"]
        weights = manifest.parent / "model" / "model.safetensors"
        assert source["uri"] == "file://model"
        assert source["files"]["model.safetensors"] == weights.stat().st_size
        assert plan["bytesToFetch"] == sum(source["files"].values())
        assert plan["candidates"][0] == "Pretrained Float32"
        assert "Neuron Float32" in plan["notTried"]
        assert not store.exists()

    def test_for_people_it_has_a_line_per_file(self, manifest: Path) -> None:
        shown = RUNNER.invoke(app, ["prepare", "--dry-run", str(manifest)]).stdout
        assert "model.safetensors" in shown
        assert "candidates: Pretrained Float32" in shown


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two artifacts of one task, of different weights."""
    prepared = []
    for seed in (0, 1):
        kitchen = Kitchen(tmp_path_factory.mktemp("kitchen"))
        save_tiny_checkpoint(kitchen.model, seed=seed)
        prepared.append(kitchen.prepared(request_for(preparation={"maxLength": 16})).path)
    return prepared[0], prepared[1]


class TestDiff:
    def test_the_answers_that_change_are_told_with_the_shift(
        self, artifacts: tuple[Path, Path], tmp_path: Path
    ) -> None:
        samples = tmp_path / "samples.jsonl"
        samples.write_text('{"text": "i love this movie"}\n{"text": "bad movie"}\n')
        arguments = ["diff", *map(str, artifacts), "--samples", str(samples), "--output", "json"]
        found = json.loads(RUNNER.invoke(app, arguments).stdout)
        assert found["samples"] == 6 + 2
        assert found["changes"]
        for change in found["changes"]:
            assert change["first"]["label"] != change["second"]["label"]
            assert 0 < change["difference"] <= found["shift"] <= 1
        assert [entry["candidate"] for entry in found["artifacts"]] == ["Pretrained Float32"] * 2

    def test_an_artifact_is_not_different_from_itself(self, artifacts: tuple[Path, Path]) -> None:
        shown = RUNNER.invoke(app, ["diff", str(artifacts[0]), str(artifacts[0])]).stdout
        assert "answers     0 of 6 change" in shown
        assert "shift       0.0000 at most" in shown

    def test_artifacts_with_other_labels_cannot_be_compared(self, artifacts: tuple[Path, Path], tmp_path: Path) -> None:
        kitchen = Kitchen(tmp_path)
        save_tiny_checkpoint(kitchen.model)
        wanted = {"maxLength": 16, "labels": ["a", "b", "c"]}
        other = kitchen.prepared(request_for(preparation=wanted)).path
        ended = RUNNER.invoke(app, ["diff", str(artifacts[0]), str(other)])
        assert "have different labels" in str(ended.exception)
