"""The user's samples: JSON lines, every problem told with its line."""

from pathlib import Path

import pytest

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.preparation.samples import Samples, fetch_samples
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.sequence_classification import SequenceClassification, TextQuestion

TASK = SequenceClassification(TaskConfiguration(labels=("A", "B"), max_length=16))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "samples.jsonl"


def test_samples_come_after_the_task_s_own_probes(file: Path) -> None:
    file.write_text('{"text": "schön"}\n\n{"text": "one", "text_pair": "two"}\n', encoding="utf-8")
    questions = fetch_samples("file://samples.jsonl", file.parent).questions(TASK)
    assert questions[: len(TASK.probes)] == list(TASK.probes)
    assert questions[len(TASK.probes) :] == [TextQuestion("schön"), TextQuestion("one", "two")]
    assert Samples().questions(TASK) == list(TASK.probes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"text": "a"}\n{"text": \n', "file://samples.jsonl line 2 is not JSON"),
        (b'"text"\n', "file://samples.jsonl line 1 is not a JSON object."),
        (b'{"text": "a"}\n\n{"words": "b"}\n', "file://samples.jsonl line 3: field 'words' is not known"),
        (b"\n\n", "file://samples.jsonl is empty."),
        (b"\xff\xfe", "file://samples.jsonl is not text in UTF-8."),
    ],
)
def test_what_is_no_sample_is_refused_with_its_line(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(PreparationFailed) as caught:
        fetch_samples("file://samples.jsonl", file.parent).questions(TASK)
    assert caught.value.reason.name == "InvalidSamples"
    assert said in caught.value.message


def test_a_folder_has_them_in_samples_jsonl(file: Path) -> None:
    file.write_text('{"text": "a"}\n')
    one, other = fetch_samples(f"file://{file.parent}", file), fetch_samples("file://samples.jsonl", file.parent)
    assert one.rows == other.rows
    assert one.checksum == other.checksum


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("file://nowhere", "NotFound: file://nowhere is no file, and no folder with a samples.jsonl."),
        ("hf://org/name", "UnsupportedSource: samples cannot be read from hf://org/name"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, uri: str, said: str) -> None:
    with pytest.raises(PreparationFailed) as caught:
        fetch_samples(uri, tmp_path)
    assert str(caught.value).startswith(said)
