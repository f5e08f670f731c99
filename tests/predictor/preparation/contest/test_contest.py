"""The contest of real candidates, on a tiny model: all that Auto tries is built, compared and measured."""

import errno
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.predictor.preparation.conftest import Kitchen, request_for
from tests.predictor.tasks.readers import READERS
from tests.predictor.watcher import Watcher
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Precision
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.manifest import RECORDINGS_FILE
from transformermodel_predictor.candidate import REFERENCE
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation import bench, plan
from transformermodel_predictor.preparation.build import build as build_really
from transformermodel_predictor.preparation.contest import contest, examination
from transformermodel_predictor.preparation.node import Node
from transformermodel_predictor.progress import Step

STRICT = {"format": "Auto", "maxLength": 16}
AUTO = {**STRICT, "parity": {"tolerance": "0.2"}}
"""The tiny model's weights are so large that bfloat16 moves its probabilities by 0.05."""


@pytest.fixture
def with_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever processor the tests run on."""
    monkeypatch.setattr(plan, "this_node", lambda: Node(cpu_flags=frozenset({"amx_bf16"})))


def report(artifact: Artifact) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((artifact.path / "report.json").read_text())
    return document


def by_outcome(artifact: Artifact, outcome: str) -> dict[str, dict[str, Any]]:
    entries = [entry for entry in report(artifact)["candidates"] if entry["outcome"] == outcome]
    return {f"{entry['format']}/{entry['engine']} {entry['precision']}": entry for entry in entries}


@pytest.mark.slow
@pytest.mark.usefixtures("with_bfloat16")
def test_auto_tries_what_is_cheap_and_takes_one_that_is_in_parity(kitchen: Kitchen, watcher: Watcher) -> None:
    prepared = kitchen.prepare(request_for(preparation=AUTO), watcher)
    artifact = kitchen.prepared(request_for(preparation=AUTO))
    chosen, others = by_outcome(artifact, "Chosen"), by_outcome(artifact, "InParity")
    assert len(chosen) == 1
    assert {**chosen, **others}.keys() == {
        "Pretrained/Pretrained Float32",
        "Pretrained/Pretrained BFloat16",
        "Pretrained/Packed Float32",
        "Pretrained/Packed BFloat16",
    }
    assert watcher.steps.count(Step.Build) == 4
    (winner,) = chosen.values()
    assert winner["parity"]["agreeing"] == winner["parity"]["samples"] >= 6
    assert winner["single"]["rows"] == 1
    assert winner["batch"]["rows"] == 32
    assert winner["batch"]["p99Milliseconds"] >= winner["batch"]["p50Milliseconds"] > 0
    assert winner["sizeBytes"] == prepared.size_bytes
    assert winner["contender"]
    assert report(artifact)["why"].startswith(winner["format"])
    assert prepared.parity is not None
    assert float(prepared.parity) <= 0.2
    assert prepared.speedup is not None
    assert by_outcome(artifact, "NotTried")["Exported/Exported Float32"]["message"].startswith("compiling it takes")
    assert load_model(artifact).answer([{"text": "i love this movie"}])


@pytest.mark.slow
def test_candidates_of_one_model_are_different_artifacts(kitchen: Kitchen) -> None:
    requests = [
        request_for(preparation={**AUTO, "format": "Pretrained", "engine": engine, "precision": precision})
        for engine, precision in (("Pretrained", "Float32"), ("Packed", "Float32"), ("Pretrained", "BFloat16"))
    ]
    assert len({kitchen.prepare(request).digest for request in requests}) == 3
    for request in requests:
        wanted = request.preparation
        candidate = kitchen.prepared(request).manifest.candidate
        assert (candidate.engine.value, candidate.precision) == (wanted.engine.value, wanted.precision)


def test_what_the_chosen_engine_recorded_goes_with_its_artifact(kitchen: Kitchen) -> None:
    for engine in ("Pretrained", "Packed"):
        wanted = {"format": "Pretrained", "engine": engine, "precision": "Float32", "maxLength": 16}
        artifact = kitchen.prepared(request_for(preparation=wanted))
        assert (artifact.path / RECORDINGS_FILE).is_file() is (engine == "Packed")


def test_what_is_out_of_parity_is_dropped_and_told(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "this_node", lambda: Node(cpu_flags=frozenset({"amx_bf16"})))
    artifact = kitchen.prepared(request_for(preparation=STRICT))
    assert artifact.manifest.candidate.precision is Precision.Float32
    for entry in by_outcome(artifact, "Dropped").values():
        assert entry["precision"] == "BFloat16"
        assert entry["reason"] == "ParityFailed"
        assert "more than 0.03" in entry["message"]
        assert entry["parity"]["difference"] > 0.03
    assert len(by_outcome(artifact, "Dropped")) == 2


def test_a_named_candidate_out_of_parity_ends_the_preparation(kitchen: Kitchen) -> None:
    wanted = {"format": "Pretrained", "precision": "BFloat16", "maxLength": 16, "parity": {"tolerance": "0.000000001"}}
    failure = kitchen.failure(request_for(preparation=wanted))
    assert failure.reason.name == "ParityFailed"
    assert failure.message.startswith("Pretrained BFloat16: its answers differ from the reference by 0.")


def test_a_candidate_that_breaks_off_where_it_is_asked_is_told_in_a_line(kitchen: Kitchen) -> None:
    """XLNet's code mixes float32 into bfloat16."""
    READERS["XLNet"].model().save_pretrained(kitchen.model)
    READERS["XLNet"].tokenizer().save_pretrained(kitchen.model)
    wanted = {"format": "Pretrained", "engine": "Pretrained", "precision": "BFloat16", "maxLength": 128}
    failure = kitchen.failure(request_for(task="QuestionAnswering", preparation=wanted))
    assert failure.reason is FailureReason.UnsupportedForm
    assert failure.message.startswith("Pretrained BFloat16: it fails where it is asked (RuntimeError: expected scalar")


def test_a_candidate_that_fails_a_golden_answer_leaves_the_place_to_the_next(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    check = contest.check_golden_answers

    def refuse_the_first(tests: Any, answer: Any) -> Any:
        asked.append(answer.__self__.artifact.manifest.candidate)
        if len(asked) == 1:
            raise PreparationFailed(FailureReason.GoldenAnswerMismatch, "spec.tests[0] was answered B.")
        return check(tests, answer)

    monkeypatch.setattr(contest, "check_golden_answers", refuse_the_first)
    artifact = kitchen.prepared(request_for(preparation={**AUTO, "precision": "Float32"}))
    assert artifact.manifest.candidate == asked[1]
    (dropped,) = by_outcome(artifact, "Dropped").values()
    assert (dropped["engine"], dropped["precision"]) == (asked[0].engine, asked[0].precision)
    assert dropped["reason"] == "GoldenAnswerMismatch"


def test_the_user_s_samples_are_asked_and_part_of_the_input(kitchen: Kitchen, watcher: Watcher) -> None:
    samples = kitchen.base / "samples.jsonl"
    samples.write_text('{"text": "i hate this movie"}\n{"text": "it was good", "text_pair": "it was bad"}\n')
    request = request_for(preparation={"maxLength": 16, "parity": {"samplesUri": "file://samples.jsonl"}})
    (chosen,) = by_outcome(kitchen.prepared(request), "Chosen").values()
    probes = load_model(kitchen.prepared(request)).task.probes
    assert chosen["parity"]["samples"] == len(probes) + 2
    samples.write_text('{"text": "movie"}\n')
    kitchen.prepare(request, watcher)
    assert Step.Compare in watcher.steps


def test_candidates_that_do_not_fit_together_are_loaded_one_after_another(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contest, "free_bytes", lambda: 1000)
    wanted = {**AUTO, "format": "Pretrained", "precision": "Float32"}
    artifact = kitchen.prepared(request_for(preparation=wanted))
    assert len(by_outcome(artifact, "Chosen") | by_outcome(artifact, "InParity")) == 2


@pytest.mark.parametrize("noticed", ["before it is built", "while it is built"])
def test_a_candidate_without_room_is_left_out_and_told(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, noticed: str
) -> None:
    if noticed == "before it is built":
        monkeypatch.setattr(
            bench, "free_bytes", lambda folder: 1000 if any(folder.glob("*/manifest.json")) else 1 << 40
        )
    else:
        monkeypatch.setattr(examination, "build", full_from(1))
    artifact = kitchen.prepared(request_for(preparation={**AUTO, "format": "Pretrained", "precision": "Float32"}))
    assert artifact.manifest.candidate == REFERENCE
    entry = by_outcome(artifact, "NotTried")["Pretrained/Packed Float32"]
    assert entry["message"].startswith("the store has no room for it beside the other candidates")


def test_without_room_for_any_candidate_there_is_no_preparation(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "build", full_from(0))
    failure = kitchen.failure(request_for(preparation={**AUTO, "format": "Pretrained", "precision": "Float32"}))
    assert failure.reason is FailureReason.InsufficientStorage


@pytest.mark.parametrize(
    ("form", "megabytes"), [("Pretrained", "0.1"), ("TorchScript", "0.2")], ids=["weights", "a graph and its twin"]
)
def test_what_has_no_room_is_not_begun_and_told_with_what_it_needs(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, form: str, megabytes: str
) -> None:
    monkeypatch.setattr(bench, "free_bytes", lambda _: 1000)
    monkeypatch.setattr(examination, "build", lambda *_: pytest.fail("it is begun"))
    failure = kitchen.failure(request_for(preparation={**STRICT, "format": form, "precision": "Float32"}))
    assert failure.reason is FailureReason.InsufficientStorage
    assert failure.message.startswith(f"{form} Float32 needs {megabytes} MB, and {kitchen.base}")
    assert failure.message.endswith("has room for 0.0 MB.")


def free_before_the_first(folder: Path) -> int:
    """Room on a disk that the first candidate takes."""
    return 1000 if any(folder.glob("*/manifest.json")) else 1 << 40


def full_from(number: int) -> Any:
    """Building on a disk that is full after so many candidates, each of which leaves a file."""
    counted = count()

    def build(material: Any, task: Any, candidate: Any, folder: Any, place: Any) -> None:
        if next(counted) < number:
            return build_really(material, task, candidate, folder, place)
        folder.mkdir()
        (folder / "half").write_text("")
        raise OSError(errno.ENOSPC, "no space left", "half")

    return build


def test_the_report_of_a_bench_that_was_left_is_the_same(kitchen: Kitchen) -> None:
    """Finished steps are taken from the bench, and nothing is merged or built again."""
    request = request_for(preparation={**AUTO, "precision": "Float32"})
    first = Watcher()

    class Left(Exception):
        pass

    class Leaving(Watcher):
        def step(self, step: Step, detail: str) -> None:
            super().step(step, detail)
            if step is Step.Publish:
                raise Left

    with pytest.raises(Left):
        kitchen.prepare(request, Leaving())
    kitchen.prepare(request, first)
    assert first.steps == [Step.Resolve, Step.Acquire, Step.Test, Step.Publish]
