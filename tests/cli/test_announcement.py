"""The line that a server prints to be tried with."""

import json
import shlex
from pathlib import Path

import pytest

from transformermodel_cli.announcement import announce, announce_loading, curl_command
from transformermodel_cli.subjects import read_subjects
from transformermodel_predictor.server.address import Addresses

QUESTIONS = Path("examples/questions/model.yaml")


def pasted(manifest: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """The texts of the line's tensors, by their names."""
    announce(Addresses("http://127.0.0.1:1"), read_subjects([str(manifest)])[0], playground=False)
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "curl" in line)
    return {tensor["name"]: tensor["data"] for tensor in json.loads(shlex.split(line)[-1])["inputs"]}


def test_it_asks_the_first_golden_question_with_all_its_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    assert pasted(QUESTIONS, capsys) == {
        "question": ["Where do I live?"],
        "context": ["My name is Sarah and I live in London."],
    }


def test_everything_that_can_be_asked_is_named_with_its_address(capsys: pytest.CaptureFixture[str]) -> None:
    addresses = Addresses("http://127.0.0.1:1", "127.0.0.1:2", "http://127.0.0.1:3/metrics", "http://127.0.0.1:4")
    subject = read_subjects([str(QUESTIONS)])[0]
    announce(addresses, subject, playground=False)
    said = capsys.readouterr().err
    assert "Serving on http://127.0.0.1:1 " in said
    for line in ("gRPC on 127.0.0.1:2", "Metrics on http://127.0.0.1:3/metrics", "Management on http://127.0.0.1:4"):
        assert f"\n{line}\n" in said
    announce(Addresses("http://127.0.0.1:1"), subject, playground=False)
    assert "gRPC" not in capsys.readouterr().err


def test_without_golden_questions_it_asks_what_the_task_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "model.yaml"
    manifest.write_text(QUESTIONS.read_text().partition("  tests:")[0])
    assert set(pasted(manifest, capsys)) == {"question", "context"}


def test_a_prepared_directory_is_asked_what_its_task_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    configuration = tmp_path / "model-config.yaml"
    configuration.write_text("handler: {mode: question_answering}")
    assert set(pasted(tmp_path, capsys)) == {"question", "context"}
    configuration.write_text("handler: {mode: token_classification}")
    assert set(pasted(tmp_path, capsys)) == {"text"}


def test_a_prepared_archive_is_asked_as_its_handler_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no configuration but its handler's own."""
    (tmp_path / "manifest.json").write_text("{}")
    (subject,) = read_subjects([f"loud={tmp_path}"])
    announce(Addresses("http://127.0.0.1:1"), subject, playground=False)
    assert " http://127.0.0.1:1/predictions/loud -H 'Content-Type: text/plain' -d " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("certificate", "token_file", "wants_token", "command"),
    [
        (None, None, False, "curl -s"),
        (Path("my cert.pem"), None, False, "curl -s --cacert 'my cert.pem'"),
        (None, None, True, 'curl -s -H "Authorization: Bearer $TRANSFORMERMODEL_TOKEN"'),
        (None, Path("token"), True, 'curl -s -H "Authorization: Bearer $(cat token)"'),
    ],
)
def test_the_line_has_what_the_server_wants_of_every_request(
    certificate: Path | None,
    token_file: Path | None,
    wants_token: bool,
    command: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    curl = curl_command(certificate, token_file, wants_token=wants_token)
    announce(Addresses("https://127.0.0.1:1"), read_subjects([str(QUESTIONS)])[0], playground=False, curl=curl)
    assert f"\n  {command} https://127.0.0.1:1/v2/" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["one"], "Loading one\n"), (["a", "b", "c", "d", "e"], "Loading a, b, c and 2 more\n")],
)
def test_what_is_loaded_is_one_line(names: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    announce_loading(names)
    assert capsys.readouterr().err == said
