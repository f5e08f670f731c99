import json
import shutil
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.hub.server import serving
from tests.predictor.preparation.conftest import LABELS, Kitchen, request_for
from tests.predictor.tiny import save_tiny_checkpoint
from tests.predictor.watcher import Watcher
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.inputs import resolve
from transformermodel_predictor.progress import Step

ALL_STEPS = [
    Step.Resolve,
    Step.Acquire,
    Step.Merge,
    Step.Build,
    Step.Compare,  # the reference
    Step.Compare,
    Step.Measure,
    Step.Test,
    Step.Publish,
]


def test_a_checkpoint_becomes_an_artifact(kitchen: Kitchen, watcher: Watcher) -> None:
    prepared = kitchen.prepare(request_for(preparation={"maxLength": 16}), watcher)
    assert watcher.steps == ALL_STEPS
    assert kitchen.content() == {prepared.path, *(f"inputs/{file.name}" for file in kitchen.store.glob("inputs/*"))}
    assert (prepared.format, prepared.engine, prepared.precision) == ("Pretrained", "Pretrained", "Float32")

    folder = kitchen.store / prepared.path
    assert {file.name for file in folder.iterdir()} == {
        "config.json",
        "index_to_name.json",
        "manifest.json",
        "model-config.yaml",
        "model.safetensors",
        "report.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    assert prepared.path == f"artifacts/{manifest['digest']}"
    assert prepared.digest == manifest["digest"]
    assert prepared.commit == manifest["commit"]
    assert manifest["source"] == f"tree@{prepared.commit}"
    assert manifest["libraries"]["torch"] == torch.__version__.partition("+")[0]


def test_the_artifact_answers_as_the_checkpoint_does(kitchen: Kitchen) -> None:
    text = "i love this movie"
    model = AutoModelForSequenceClassification.from_pretrained(kitchen.model)
    tokenizer = AutoTokenizer.from_pretrained(kitchen.model)
    with torch.inference_mode():
        expected = model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0].tolist()
    loaded = load_model(kitchen.prepared(request_for(preparation={"maxLength": 16})))
    (answer,) = loaded.answer([{"text": text}], {"probabilities": True})
    assert answer["probabilities"] == pytest.approx(expected, abs=1e-6)


def test_what_the_checkpoint_says_is_kept_unless_the_request_says_otherwise(kitchen: Kitchen) -> None:
    asked: dict[str, Any] = {"maxLength": 16, "labels": ["bad", "so so", "good"], "doLowerCase": False}
    kept, changed = kitchen.prepared(request_for()), kitchen.prepared(request_for(preparation=asked))
    assert kept.labels == LABELS
    assert (kept.configuration.max_length, kept.configuration.do_lower_case) == (64, True)
    assert changed.labels == ("bad", "so so", "good")
    assert (changed.configuration.max_length, changed.configuration.do_lower_case) == (16, False)

    tokenizer = AutoTokenizer.from_pretrained(changed.path)
    assert tokenizer.tokenize("Movie movie") == ["[UNK]", "movie"]
    assert json.loads((changed.path / "config.json").read_text())["id2label"]["1"] == "so so"


def test_the_same_preparation_is_not_done_twice(kitchen: Kitchen, watcher: Watcher) -> None:
    first = kitchen.prepare(request_for())
    assert kitchen.prepare(request_for(), watcher) == first
    assert watcher.steps == [Step.Resolve]


def test_what_an_owner_left_that_died_after_it_had_published_goes_when_it_is_found(kitchen: Kitchen) -> None:
    first = kitchen.prepare(request_for())
    left = kitchen.leave_behind(resolve(request_for(), kitchen.base).key)
    assert kitchen.prepare(request_for()) == first
    assert not left.exists()


def test_it_is_the_same_wherever_the_source_lies(kitchen: Kitchen, watcher: Watcher) -> None:
    first = kitchen.prepare(request_for())
    shutil.move(kitchen.model, kitchen.base / "elsewhere")
    assert kitchen.prepare(request_for("file://elsewhere"), watcher) == first
    assert watcher.steps == [Step.Resolve]


@pytest.mark.parametrize(
    "fields",
    [{"preparation": {"maxLength": 8}}, {"tests": [{"input": {"text": "good"}, "expect": {"label": "NEUTRAL"}}]}],
    ids=["another length", "a test that nobody ran"],
)
def test_another_request_is_another_preparation(kitchen: Kitchen, watcher: Watcher, fields: dict[str, Any]) -> None:
    kitchen.prepare(request_for())
    if "tests" in fields:  # an answer that this model gives
        (answer,) = load_model(kitchen.prepared(request_for())).answer([{"text": "good"}])
        fields["tests"][0]["expect"]["label"] = answer["label"]
    kitchen.prepare(request_for(**fields), watcher)
    assert watcher.steps == ALL_STEPS


def test_another_state_of_the_source_is_another_preparation(kitchen: Kitchen, watcher: Watcher) -> None:
    first = kitchen.prepare(request_for())
    save_tiny_checkpoint(kitchen.model, seed=2)
    second = kitchen.prepare(request_for(), watcher)
    assert watcher.steps == ALL_STEPS
    assert second.digest != first.digest
    assert second.commit != first.commit


def test_the_digest_is_the_same_in_every_store(kitchen: Kitchen) -> None:
    other = Kitchen(kitchen.base / "other")
    shutil.copytree(kitchen.model, other.model)
    assert kitchen.prepare(request_for()).digest == other.prepare(request_for()).digest


def test_a_damaged_artifact_is_prepared_again(kitchen: Kitchen, watcher: Watcher) -> None:
    first = kitchen.prepare(request_for())
    weights = kitchen.store / first.path / "model.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(b"damaged")
    assert kitchen.prepare(request_for(), watcher) == first
    assert watcher.steps == ALL_STEPS
    kitchen.prepared(request_for())


def test_the_report_has_times_sizes_and_golden_results(kitchen: Kitchen) -> None:
    (answer,) = load_model(kitchen.prepared(request_for())).answer([{"text": "good"}])
    tests = [{"input": {"text": "good"}, "expect": {"label": answer["label"], "score": f"{answer['score']:.3f}"}}]
    other = Kitchen(kitchen.base / "other")
    shutil.copytree(kitchen.model, other.model)
    report = json.loads((other.prepared(request_for(tests=tests)).path / "report.json").read_text())
    assert set(report["seconds"]) == {"Acquire", "Merge", "Build", "Compare", "Measure", "Test"}
    assert report["bytes"]["Acquire"] > 0
    assert report["golden"] == [{"answer": {"label": answer["label"], "score": pytest.approx(answer["score"])}}]


def test_a_repository_on_a_hub_is_prepared_at_its_commit(
    kitchen: Kitchen, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = kitchen.prepare(request_for())
    with serving(kitchen.base / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        commit = hub.repositories.publish_folder("org/model", kitchen.model)
        remote = kitchen.prepare(request_for("hf://org/model"), watcher)
    assert remote == local.model_copy(update={"commit": commit, "sources": remote.sources})
    assert remote.sources != local.sources
    assert watcher.steps == ALL_STEPS
    assert not any(path.is_file() for path in (kitchen.store / "staging").rglob("*"))


def test_nothing_is_written_to_the_screen_and_nobody_is_called(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a local source needs no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    kitchen.prepare(request_for())
    assert capfd.readouterr() == ("", "")


def test_code_that_comes_with_a_checkpoint_is_not_run(kitchen: Kitchen) -> None:
    trap = kitchen.base / "trap"
    code = f"open({str(trap)!r}, 'w').close()\nclass Remote: pass\n"
    (kitchen.model / "remote.py").write_text(code)
    for name, classes in {
        "config.json": {"AutoConfig": "remote.Remote", "AutoModelForSequenceClassification": "remote.Remote"},
        "tokenizer_config.json": {"AutoTokenizer": ["remote.Remote", "remote.Remote"]},
    }.items():
        document = json.loads((kitchen.model / name).read_text())
        (kitchen.model / name).write_text(json.dumps({**document, "auto_map": classes}))
    kitchen.prepare(request_for())
    assert not trap.exists()


def test_a_relative_folder_starts_at_the_base(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path("/"))
    assert kitchen.prepare(request_for("file://./model")) == kitchen.prepare(request_for(f"file://{kitchen.model}"))
