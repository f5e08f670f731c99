"""The user's samples: JSON lines, every problem told with its line."""

from pathlib import Path

import pytest

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.preparation.samples import Samples, read_samples
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.sequence_classification import SequenceClassification, TextQuestion

TASK = SequenceClassification(TaskConfiguration(labels=("A", "B"), max_length=16))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "samples.jsonl"


def test_samples_come_after_the_task_s_own_probes(file: Path) -> None:
    file.write_text('{"text": "schön"}\n\n{"text": "one", "text_pair": "two"}\n', encoding="utf-8")
    questions = read_samples(file, "file://samples.jsonl").questions(TASK)
    assert questions[: len(TASK.probes)] == list(TASK.probes)
    assert questions[len(TASK.probes) :] == [TextQuestion("schön"), TextQuestion("one", "two")]
    assert Samples().questions(TASK) == list(TASK.probes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"text": "a"}\n{"text": \n', "file://samples line 2 is not JSON"),
        (b'"text"\n', "file://samples line 1 is not a JSON object."),
        (b'{"text": "a"}\n\n{"words": "b"}\n', "file://samples line 3: field 'words' is not known"),
        (b"\n\n", "file://samples is empty."),
        (b"\xff\xfe", "file://samples is not text in UTF-8."),
    ],
)
def test_what_is_no_sample_is_refused_with_its_line(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(PreparationFailed) as caught:
        read_samples(file, "file://samples").questions(TASK)
    assert caught.value.reason.name == "InvalidSamples"
    assert said in caught.value.message


def test_a_file_that_is_not_there_is_not_found(file: Path) -> None:
    with pytest.raises(PreparationFailed, match=r"NotFound.*samples\.jsonl"):
        read_samples(file, "file://folder")
