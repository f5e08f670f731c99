import json
import shutil
from pathlib import Path

import pytest

from tests.hub.repositories import Access
from tests.hub.server import serving
from tests.predictor.preparation.conftest import Kitchen, request_for
from transformermodel_api.contract import (
    REFERENCE_VARIABLE,
    REQUEST_VARIABLE,
    TERMINATION_MESSAGE_LIMIT,
    Failed,
    Prepared,
    Resolved,
    read_outcome,
)
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.artifact.opening import StoreLocation
from transformermodel_predictor.preparation.job import LogProgress, run_check, run_job
from transformermodel_predictor.progress import Step


def environment(uri: str, **fields: object) -> dict[str, str]:
    return {REQUEST_VARIABLE: request_for(uri, **fields).canonical()}


@pytest.fixture
def message(tmp_path: Path) -> Path:
    return tmp_path / "termination-log"


def test_a_job_leaves_an_artifact_its_outcome_and_its_progress(
    kitchen: Kitchen, message: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run_job(environment(f"file://{kitchen.model}"), kitchen.location, message)
    assert status == 0
    outcome = read_outcome(message.read_text())
    assert isinstance(outcome, Prepared)
    assert open_artifact(kitchen.store / outcome.path).manifest.digest == outcome.digest

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert list(dict.fromkeys(line["step"] for line in lines if "detail" in line)) == [step.value for step in Step]
    assert [line for line in lines if "bytesDone" in line][-1]["step"] == "Acquire"
    assert lines[-1] == json.loads(message.read_text())


def test_the_store_learns_for_whom_a_job_has_prepared(kitchen: Kitchen, message: Path) -> None:
    given = {**environment(f"file://{kitchen.model}"), REFERENCE_VARIABLE: "cluster/team/sentiment"}
    assert run_job(given, kitchen.location, message) == 0
    outcome = read_outcome(message.read_text())
    assert isinstance(outcome, Prepared)
    assert (kitchen.store / "refs" / "cluster" / "team" / "sentiment").read_text() == f"{outcome.digest}\n"


def test_a_failure_is_classified_in_message_and_exit_status(kitchen: Kitchen, message: Path) -> None:
    status = run_job(environment("file:///not/there"), kitchen.location, message)
    assert status == FailureReason.NotFound.exit_status == 10
    outcome = read_outcome(message.read_text())
    assert outcome == Failed(
        reason="NotFound",
        message="file:///not/there: /not/there is not a folder. Check the uri for a misspelt name, revision or path.",
    )


def test_what_fails_after_the_source_was_found_tells_what_it_is_at(kitchen: Kitchen, message: Path) -> None:
    asked = [{"input": {"text": "x"}, "expect": {"label": "NOBODY"}}]
    run_job(environment(f"file://{kitchen.model}", tests=asked), kitchen.location, message)
    failure = read_outcome(message.read_text())
    assert isinstance(failure, Failed)
    assert failure.reason == "GoldenAnswerMismatch"
    run_check(environment(f"file://{kitchen.model}"), message)
    found = read_outcome(message.read_text())
    assert isinstance(found, Resolved)
    assert failure.commit == found.commit


def test_a_long_failure_fits_a_termination_message(kitchen: Kitchen, message: Path) -> None:
    run_job(environment("file:///" + "ü" * 1000), kitchen.location, message)
    assert len(message.read_bytes()) <= TERMINATION_MESSAGE_LIMIT
    assert isinstance(read_outcome(message.read_text()), Failed)


def test_a_token_is_in_no_line_of_a_job(
    kitchen: Kitchen, message: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    token = "hf_secret_of_a_member"
    with serving(kitchen.base / "hub") as hub:
        hub.repositories.publish_folder("org/model", kitchen.model)
        hub.repositories.restrict("org/model", Access(private=True, tokens=(token,)))
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", token)
        assert run_job(environment("hf://org/model"), kitchen.location, message) == 0
    files = [path.read_bytes() for path in kitchen.store.rglob("*") if path.is_file()]
    assert token not in "".join([*capfd.readouterr(), message.read_text()])
    assert not any(token.encode() in content for content in files)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "the environment variable TRANSFORMERMODEL_REQUEST is not set."),
        ({REQUEST_VARIABLE: "{"}, "TRANSFORMERMODEL_REQUEST is not a request:"),
        ({REQUEST_VARIABLE: '{"task": "Juggling"}'}, "TRANSFORMERMODEL_REQUEST is not a request: task "),
    ],
)
def test_a_job_without_a_request_is_our_fault(
    kitchen: Kitchen, message: Path, given: dict[str, str], problem: str
) -> None:
    assert run_job(given, kitchen.location, message) == FailureReason.Internal.exit_status == 1
    outcome = read_outcome(message.read_text())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "Internal"
    assert outcome.message.startswith(problem)


def test_what_nobody_thought_of_is_logged_and_told(
    kitchen: Kitchen, message: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kitchen.store.mkdir()
    (kitchen.store / "inputs").write_text("a file where a folder of the store should be")
    assert run_job(environment(f"file://{kitchen.model}"), kitchen.location, message) == 1
    outcome = read_outcome(message.read_text())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "Internal"
    assert "NotADirectoryError" in outcome.message
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("ftp://x", "ftp://x cannot be a store here: name a folder (of a claim, where it is mounted), or an s3://, "),
        ("s3://someone@bucket", "s3://bucket came with credentials or a signature: "),
    ],
)
def test_a_store_that_is_named_wrongly_is_no_fault_of_ours(
    kitchen: Kitchen, message: Path, caplog: pytest.LogCaptureFixture, place: str, told: str
) -> None:
    location = StoreLocation(place, kitchen.base)
    assert run_job(environment(f"file://{kitchen.model}"), location, message) == 17
    outcome = read_outcome(message.read_text())
    assert isinstance(outcome, Failed)
    assert outcome.reason == FailureReason.UnsupportedSource.name
    assert outcome.message.startswith(told)
    assert outcome.message.endswith(f". {FailureReason.UnsupportedSource.remedy}")
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("place", ["/proc/store", "/dev/null"])
def test_a_store_that_cannot_be_written_is_named_with_what_it_needs(
    kitchen: Kitchen, message: Path, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    location = StoreLocation(place, kitchen.base)
    assert run_job(environment(f"file://{kitchen.model}"), location, message) == 29
    outcome = read_outcome(message.read_text())
    assert isinstance(outcome, Failed)
    assert outcome.reason == FailureReason.MachineRefused.name
    assert outcome.message.startswith(f"{place} cannot be written (")
    assert "): have a volume there that this user may write. " in outcome.message
    assert "Traceback" not in caplog.text


def test_what_the_machine_refuses_is_no_fault_of_ours(kitchen: Kitchen, message: Path) -> None:
    location = StoreLocation(str(kitchen.base / ("x" * 300)), kitchen.base)
    assert run_job(environment(f"file://{kitchen.model}"), location, message) == 29
    outcome = read_outcome(message.read_text())
    assert isinstance(outcome, Failed)
    assert outcome.reason == FailureReason.MachineRefused.name
    assert "File name too long. Use a shorter name." in outcome.message


def test_an_outcome_that_cannot_be_written_is_in_the_log(
    kitchen: Kitchen, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_job(environment(f"file://{kitchen.model}"), kitchen.location, kitchen.base / "no" / "folder") == 0
    assert "the outcome cannot be written" in caplog.text
    assert '"outcome": "Prepared"' in capsys.readouterr().out


def test_progress_in_bytes_is_at_most_one_line_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    progress = LogProgress(clock=lambda: now)
    progress.step(Step.Acquire, "hf://org/model")
    for done in range(0, 101, 10):
        now += 0.3
        progress.bytes(done, 100)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["bytesDone"] for line in lines[1:]] == [0, 40, 80, 100]


def test_the_rest_of_a_step_takes_as_long_as_its_speed_until_now_says(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    progress = LogProgress(clock=lambda: now, free=lambda: 7)
    progress.step(Step.Acquire, "hf://org/model")
    for done in (20, 40, 100):
        progress.bytes(done, 100)
        now += 10
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()[1:]]
    assert [line.get("remainingSeconds") for line in lines] == [None, 30, 0]
    assert {line["bytesFree"] for line in lines} == {7}


def test_the_share_of_the_work_that_is_done_never_falls(capsys: pytest.CaptureFixture[str]) -> None:
    progress = LogProgress()
    for step in Step:
        progress.step(step, "x")
        progress.bytes(0, 10)
        progress.bytes(10, 10)
    progress.step(Step.Build, "another candidate")
    percents = [json.loads(line)["percent"] for line in capsys.readouterr().out.splitlines()]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 98)
    assert 60 in percents


def test_a_check_says_what_the_sources_are_at_as_a_preparation_does(kitchen: Kitchen, tmp_path: Path) -> None:
    asked, log = environment(f"file://{kitchen.model}"), tmp_path / "log"
    assert run_check(asked, log) == 0
    found = read_outcome(log.read_text())
    assert isinstance(found, Resolved)
    assert run_job(asked, kitchen.location, log) == 0
    prepared = read_outcome(log.read_text())
    assert isinstance(prepared, Prepared)
    assert (found.commit, found.sources) == (prepared.commit, prepared.sources)
    moving = shutil.copytree(kitchen.model, tmp_path / "moving")
    (moving / "config.json").write_text((moving / "config.json").read_text() + " ")
    assert run_check(environment(f"file://{moving}"), log) == 0
    moved = read_outcome(log.read_text())
    assert isinstance(moved, Resolved)
    assert moved.sources != found.sources


def test_a_check_that_fails_says_why(kitchen: Kitchen, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert run_check(environment("file://nowhere"), log) == FailureReason.NotFound.exit_status
    failure = read_outcome(log.read_text())
    assert isinstance(failure, Failed)
    assert failure.reason == "NotFound"
