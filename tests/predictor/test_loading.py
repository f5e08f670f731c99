import shutil
from pathlib import Path

import pytest

from tests.predictor.tiny import MAX_LENGTH
from transformermodel_api.errors import CorruptArtifact
from transformermodel_predictor.artifact.directory import Artifact, open_artifact
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.tasks.task import InvalidQuestion


def test_a_model_answers_in_the_order_of_its_questions(tiny_model: LoadedModel) -> None:
    questions = [{"text": "good"}, {"text": "i hate this movie", "text_pair": "bad"}, {"text": "bad"}]
    together = tiny_model.answer(questions, {"probabilities": True})
    for answer, question in zip(together, questions, strict=True):
        (alone,) = tiny_model.answer([question], {"probabilities": True})
        assert answer["label"] == alone["label"]
        assert answer["probabilities"] == pytest.approx(alone["probabilities"], abs=1e-5)


def test_a_model_has_the_labels_and_the_limit_of_its_artifact(tiny_artifact: Artifact) -> None:
    model = load_model(open_artifact(tiny_artifact.path))
    assert model.task.labels == tiny_artifact.labels
    ((encoding,),) = model.task.encode(model.tokenizer, [model.task.question({"text": "good " * 50}, {})])
    assert len(encoding) == MAX_LENGTH


def test_a_question_that_cannot_be_read_is_refused(tiny_model: LoadedModel) -> None:
    with pytest.raises(InvalidQuestion, match="text is missing"):
        tiny_model.answer([{}])


def test_a_damaged_file_is_named_before_anything_is_loaded(tiny_artifact: Artifact, tmp_path: Path) -> None:
    copy = tmp_path / "artifact"
    shutil.copytree(tiny_artifact.path, copy)
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.chmod(0o644)
    weights.write_bytes(content)
    with pytest.raises(CorruptArtifact, match=r"model\.safetensors") as refusal:
        open_artifact(copy)
    assert "\n" not in str(refusal.value)
