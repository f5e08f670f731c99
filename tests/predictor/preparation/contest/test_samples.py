"""The user's samples: JSON lines from wherever a source may be, every problem told with its line."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers import AutoTokenizer, BertTokenizer

from tests.hub.repositories import Access
from tests.hub.server import HubServer, serving
from tests.object_stores.fixtures import ObjectServers
from tests.predictor.preparation.conftest import request_for
from tests.predictor.sources.web import WebServer, serving_files
from tests.predictor.tiny import save_tiny_checkpoint
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme
from transformermodel_predictor.preparation.contest.samples import Samples, fetch_samples
from transformermodel_predictor.preparation.inputs import resolve
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.sequence_classification import SequenceClassification, TextQuestion
from transformermodel_predictor.tasks.text_generation import TextGeneration

TASK = SequenceClassification(TaskConfiguration(labels=("A", "B"), max_length=16))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> BertTokenizer:
    loaded = AutoTokenizer.from_pretrained(save_tiny_checkpoint(tmp_path_factory.mktemp("tiny")))
    assert isinstance(loaded, BertTokenizer)
    return loaded


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "samples.jsonl"


def test_samples_come_after_the_task_s_own_probes(file: Path, tokenizer: BertTokenizer) -> None:
    file.write_text('{"text": "schön"}\n\n{"text": "one", "text_pair": "two"}\n', encoding="utf-8")
    questions = fetch_samples("file://samples.jsonl", file.parent).questions(TASK, tokenizer)
    assert questions[: len(TASK.probes)] == list(TASK.probes)
    assert questions[len(TASK.probes) :] == [TextQuestion("schön"), TextQuestion("one", "two")]
    assert Samples().questions(TASK, tokenizer) == list(TASK.probes)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_ends_where_json_lines_do_and_not_within_a_text(file: Path, tokenizer: BertTokenizer, end: str) -> None:
    texts = ["one\u2028two", "three\x85four", "five\u2029"]
    file.write_bytes("".join(f'{{"text": "{text}"}}{end}' for text in texts).encode())
    asked = fetch_samples("file://samples.jsonl", file.parent).questions(TASK, tokenizer)[len(TASK.probes) :]
    assert asked == [TextQuestion(text) for text in texts]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 100_000, "file://samples.jsonl line 1 is not JSON"),
        (b'{"text": "a"}\n{"text": \n', "file://samples.jsonl line 2 is not JSON"),
        (b'"text"\n', "file://samples.jsonl line 1 is not a JSON object."),
        (b'{"text": "a"}\n\n{"words": "b"}\n', "file://samples.jsonl line 3: field 'words' is not known"),
        (b"\n\n", "file://samples.jsonl is empty."),
        (b"\xff\xfe", "file://samples.jsonl is not text in UTF-8."),
    ],
)
def test_what_is_no_sample_is_refused_with_its_line(
    file: Path, tokenizer: BertTokenizer, content: bytes, said: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(PreparationFailed) as caught:
        fetch_samples("file://samples.jsonl", file.parent).questions(TASK, tokenizer)
    assert caught.value.reason.name == "InvalidSamples"
    assert said in caught.value.message


def test_a_folder_has_them_in_samples_jsonl(file: Path) -> None:
    file.write_text('{"text": "a"}\n')
    one, other = fetch_samples(f"file://{file.parent}", file), fetch_samples("file://samples.jsonl", file.parent)
    assert one.rows == other.rows
    assert one.checksum == other.checksum


CONTENT = b'{"text": "a"}\n'
ROWS = ((1, {"text": "a"}),)


def rows_of(uri: str, base: Path = Path("/nowhere")) -> tuple[tuple[int, object], ...]:
    return fetch_samples(uri, base).rows


def failure_of(uri: str, base: Path = Path("/nowhere")) -> PreparationFailed:
    with pytest.raises(PreparationFailed) as caught:
        fetch_samples(uri, base)
    return caught.value


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with serving(tmp_path / "hub") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def test_a_repository_has_them_in_samples_jsonl_and_nothing_else_of_it_comes(hub: HubServer) -> None:
    hub.repositories.publish("org/samples", {"samples.jsonl": CONTENT, "model.safetensors": b"not needed"})
    assert rows_of("hf://org/samples") == ROWS
    files = [request.path for request in hub.requests if "/resolve/" in request.path]
    assert [path.rpartition("/")[2] for path in files] == ["samples.jsonl"]


def test_those_in_the_model_s_own_repository_are_read_at_its_revision(hub: HubServer, tmp_path: Path) -> None:
    files = {"config.json": b"{}", "model.safetensors": b""}
    hub.repositories.publish("org/model", {**files, "samples.jsonl": b"[]"})
    hub.repositories.publish("org/model", {**files, "samples.jsonl": CONTENT}, branch="next")
    source = {"uri": "hf://org/model", "revision": "next"}
    request = request_for(source=source, preparation={"parity": {"samplesUri": "hf://org/model"}})
    assert resolve(request, tmp_path).samples.rows == ROWS


@pytest.mark.parametrize(
    ("access", "reason"),
    [
        (Access(gated=True), "Gated"),
        (Access(private=True), "NotFound"),
        (Access(status=404), "NotFound"),
        (Access(retry_after=1000), "RateLimited"),
    ],
)
def test_what_a_hub_refuses_has_its_class(hub: HubServer, access: Access, reason: str) -> None:
    hub.repositories.publish("org/samples", {"samples.jsonl": CONTENT})
    hub.repositories.restrict("org/samples", access)
    assert failure_of("hf://org/samples").reason.name == reason


def test_a_repository_without_them_is_told(hub: HubServer) -> None:
    hub.repositories.publish("org/model", {"model.safetensors": b"weights"})
    assert str(failure_of("hf://org/model")).startswith(
        "NotFound: hf://org/model is no file, and no folder with a samples.jsonl."
    )


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    (tmp_path / "web").mkdir()
    with serving_files(tmp_path / "web", tmp_path / "tls") as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server


def test_a_web_server_s_file_may_have_any_name_and_its_signature_is_not_shown(web: WebServer) -> None:
    (web.folder / "asked.txt").write_bytes(b"no JSON")
    failure = failure_of(f"{web.url}/asked.txt?signature=secret")
    assert failure.message.startswith(f"{web.url}/asked.txt line 1 is not JSON")
    (web.folder / "asked.txt").write_bytes(CONTENT)
    assert rows_of(f"{web.url}/asked.txt?signature=secret") == ROWS
    assert failure_of(f"{web.url}/absent.jsonl").reason.name == "NotFound"
    assert failure_of(f"{web.url}/asked.txt#sha256={'0' * 64}").reason.name == "ChecksumMismatch"


@pytest.mark.parametrize("scheme", Scheme)
def test_a_bucket_has_them_as_an_object_or_in_a_folder(scheme: Scheme, object_server: ObjectServers) -> None:
    uri = object_server(scheme).bucket()
    Bucket(ObjectLocation.parse(uri)).write("asked/samples.jsonl", CONTENT)
    assert rows_of(f"{uri}/asked") == rows_of(f"{uri}/asked/samples.jsonl") == ROWS
    assert failure_of(f"{uri}/other.jsonl").reason.name == "NotFound"


def test_a_package_and_an_archive_have_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "asked_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "samples.jsonl").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert rows_of("package://asked_package") == rows_of("package://asked_package/samples.jsonl") == ROWS
    with zipfile.ZipFile(tmp_path / "asked.zip", "w") as archive:
        archive.writestr("around/samples.jsonl", CONTENT)
    assert rows_of("file://asked.zip", tmp_path) == ROWS


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("file://nowhere", "NotFound: file://nowhere: {base}/nowhere is not a folder."),
        ("file://nowhere.jsonl", "NotFound: file://nowhere.jsonl: {base}/nowhere.jsonl is not there."),
        ("package://no_such_package/a", "NotFound: the Python package no_such_package is not installed here"),
        ("pvc://claim/a", "UnsupportedSource: pvc://claim/a is on a claim, which only a cluster can mount"),
        ("ftp://host/a", "UnsupportedSource: ftp://host/a cannot be read here"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, uri: str, said: str) -> None:
    assert str(failure_of(uri, tmp_path)).startswith(said.format(base=tmp_path))


def test_other_samples_are_another_input(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").touch()
    request = request_for("file://.", preparation={"parity": {"samplesUri": "file://."}})
    keys = set()
    for text in ("a", "b"):
        (tmp_path / "samples.jsonl").write_text(json.dumps({"text": text}))
        keys.add(resolve(request, tmp_path).key_for(request))
    assert len(keys) == 2


ANSWERS = QuestionAnswering(TaskConfiguration(labels=(), max_length=10))
"""Of the probes, questions of up to four tokens leave room for a context there."""


def test_a_probe_that_a_model_with_short_inputs_has_no_room_for_is_not_asked(tokenizer: BertTokenizer) -> None:
    asked = Samples().questions(ANSWERS, tokenizer)
    assert 1 < len(asked) < len(ANSWERS.probes)
    assert asked == [probe for probe in ANSWERS.probes if probe in asked]
    assert asked[0] == ANSWERS.probes[0], "what models are warmed up with"
    assert ANSWERS.encode(tokenizer, asked)


def test_a_sample_that_the_model_has_no_room_for_is_refused_with_its_line(file: Path, tokenizer: BertTokenizer) -> None:
    short = {"question": "this?", "context": "movie"}
    long = {**short, "question": "was this movie good bad it love hate this movie?"}
    file.write_text(f"{json.dumps(short)}\n{json.dumps(long)}\n")
    samples = fetch_samples("file://samples.jsonl", file.parent)
    with pytest.raises(PreparationFailed, match=r"samples\.jsonl line 2: the question is too long") as caught:
        samples.questions(ANSWERS, tokenizer)
    assert caught.value.reason is FailureReason.InvalidSamples


def test_samples_that_are_conversations_need_a_template_that_writes_them(file: Path, tokenizer: BertTokenizer) -> None:
    file.write_text('{"messages": [{"role": "user", "content": "good movie"}]}\n')
    task = TextGeneration(TaskConfiguration(labels=(), max_length=16))
    with pytest.raises(PreparationFailed, match=r"samples\.jsonl line 1: .* no chat template") as caught:
        fetch_samples("file://samples.jsonl", file.parent).questions(task, tokenizer)
    assert caught.value.reason is FailureReason.InvalidSamples


def test_a_model_without_room_for_the_shortest_question_is_told_what_to_raise(tokenizer: BertTokenizer) -> None:
    task = QuestionAnswering(TaskConfiguration(labels=(), max_length=4))
    with pytest.raises(PreparationFailed, match=r"raise spec\.preparation\.maxLength") as caught:
        Samples().questions(task, tokenizer)
    assert "of the 4 that the model takes" in str(caught.value)
    assert "\n" not in str(caught.value)
