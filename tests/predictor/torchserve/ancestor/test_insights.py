"""What the ancestor's handler holds responsible for an answer, compared with Captum."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from captum.attr import LayerIntegratedGradients
from transformers import AutoTokenizer

from tests.predictor.torchserve.ancestor.archives import AncestorArchive, head_of
from tests.predictor.torchserve.ancestor.asking import Asked
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.torchserve.ancestor.generators import GeneratorTaskModel

ArchiveOf = Callable[..., AncestorArchive]
AncestorOf = Callable[..., Asked]

TEXT = "i love this movie"
QUESTION = {"question": "was it good", "context": "it was bad"}


def captum_importances(archive: AncestorArchive, asked: Asked, text: str, target: int) -> list[float]:
    """As the ancestor computes them, with its functions, finely enough to be exact."""
    model, tokenizer = head_of(archive.folder, "sequence_classification"), AutoTokenizer.from_pretrained(archive.folder)
    functions = asked.module
    ids, baseline, mask = functions.construct_input_ref(text, tokenizer, torch.device("cpu"), "sequence_classification")
    lig = LayerIntegratedGradients(functions.captum_sequence_forward, model.base_model.embeddings)
    attributions = lig.attribute(
        ids, baselines=baseline, target=target, additional_forward_args=(mask, 0, model), n_steps=200
    )
    found: list[float] = functions.summarize_attributions(attributions).tolist()
    return found


def test_a_class_is_explained_as_captum_does(archive_of: ArchiveOf, ancestor: AncestorOf) -> None:
    asked = ancestor("sequence_classification")
    (told,) = asked.explain({"text": TEXT, "target": 1})
    assert told.answer["words"] == ["[CLS]", "i", "love", "this", "movie", "[SEP]"]
    expected = captum_importances(archive_of("sequence_classification"), asked, TEXT, 1)
    assert told.answer["importances"] == pytest.approx(expected, abs=0.03)
    assert abs(told.answer["delta"]) < 0.1


def test_every_row_of_a_batch_is_explained_as_it_is_alone(ancestor: AncestorOf) -> None:
    asked = ancestor("sequence_classification")
    bodies = [{"text": TEXT, "target": 0}, TEXT, "{'text': 'it was bad', 'target': 2}"]
    together = asked.explain(*bodies)
    assert together == [asked.explain(body)[0] for body in bodies]
    assert asked.explain(*bodies) == together


def test_more_steps_come_nearer(archive_of: ArchiveOf, ancestor: AncestorOf) -> None:
    body = {"text": TEXT, "target": 1}
    (few,) = ancestor("sequence_classification").explain(body)
    (many,) = Asked(archive_of("sequence_classification").with_settings(n_steps=256)).explain(body)
    assert abs(many.answer["delta"]) < abs(few.answer["delta"])


def test_without_a_target_the_answer_is_explained(ancestor: AncestorOf) -> None:
    asked = ancestor("sequence_classification")
    (label,) = (one.answer for one in asked.predict(TEXT))
    assert asked.explain(TEXT) == asked.explain({"text": TEXT, "target": label})


@pytest.mark.parametrize(
    ("mode", "body"),
    [
        ("sequence_classification", {"text": TEXT, "target": "Nothing"}),
        ("token_classification", {"text": TEXT, "target": [1, 9]}),
        ("text_generation", {"text": TEXT, "target": "Nothing"}),
    ],
    ids=str,
)
def test_a_wrong_target_is_refused_before_anything_is_computed(
    ancestor: AncestorOf, monkeypatch: pytest.MonkeyPatch, mode: str, body: Any
) -> None:
    asked = ancestor(mode)
    monkeypatch.setattr(PretrainedEngine, "run", None)
    monkeypatch.setattr(GeneratorTaskModel, "_generate", None)
    (told,) = asked.explain(body)
    assert told.status == 400
    assert "target" in told.answer


@pytest.mark.parametrize(
    ("mode", "body"),
    [
        ("sequence_classification", {"text": TEXT, "target": 9}),
        ("sequence_classification", {"text": TEXT, "target": "Nothing"}),
        ("token_classification", {"text": TEXT, "target": [1, 9]}),
    ],
    ids=str,
)
def test_a_target_that_is_not_there_is_refused_alone(ancestor: AncestorOf, mode: str, body: Any) -> None:
    told = ancestor(mode).explain(body, {"text": TEXT, "target": [1, 1] if mode.startswith("token") else 1})
    assert [one.status for one in told] == [400, 200]
    assert " is not there; possible are " in told[0].answer


def test_a_question_is_explained_with_its_context_for_start_and_end(ancestor: AncestorOf) -> None:
    (told,) = ancestor("question_answering").explain(str({**QUESTION, "target": 0}))
    answer = told.answer
    assert answer["words"] == ["[CLS]", "was", "it", "good", "[SEP]", "it", "was", "bad", "[SEP]"]
    for name in ("importances_answer_start", "importances_answer_end"):
        assert len(answer[name]) == len(answer["words"])
        assert math.hypot(*answer[name]) == pytest.approx(1)
    assert math.isfinite(answer["delta_start"] + answer["delta_end"])


def test_a_continuation_is_explained_by_its_prompt(ancestor: AncestorOf) -> None:
    (told,) = ancestor("text_generation").explain("once upon")
    assert told.answer["words"] == ["once", "upon"]
    assert math.hypot(*told.answer["importances"]) == pytest.approx(1)


def test_a_text_without_words_has_importances_of_nothing(ancestor: AncestorOf) -> None:
    (told,) = ancestor("sequence_classification").explain("")
    assert told.answer == {"words": ["[CLS]", "[SEP]"], "importances": [0.0, 0.0], "delta": 0.0}


def test_a_text_that_is_too_long_is_explained_as_far_as_it_was_seen(ancestor: AncestorOf) -> None:
    (told,) = ancestor("sequence_classification").explain("good " * 60)
    assert len(told.answer["words"]) == 24
    assert told.headers == {"x-truncated-tokens": "38"}


def test_a_traced_graph_is_explained_by_leaving_words_out(ancestor: AncestorOf) -> None:
    (told,) = ancestor("sequence_classification", "torchscript").explain({"text": TEXT, "target": 1})
    assert told.answer["words"] == ["[CLS]", "i", "love", "this", "movie", "[SEP]"]
    assert math.hypot(*told.answer["importances"]) == pytest.approx(1)
    assert told.answer["delta"] is None


class TestSwitchedOff:
    @pytest.fixture(scope="class")
    def unexplained(self, archive_of: ArchiveOf) -> Asked:
        return Asked(archive_of("sequence_classification").with_settings(captum_explanation=False))

    def test_answers_are_the_same(self, unexplained: Asked, ancestor: AncestorOf) -> None:
        bodies = (TEXT, {"text": TEXT, "target": 1})
        assert unexplained.predict(*bodies) == ancestor("sequence_classification").predict(*bodies)

    def test_explanations_are_refused_with_the_reason(self, unexplained: Asked) -> None:
        (told,) = unexplained.explain({"text": TEXT, "target": 1})
        assert told.status == 400
        assert "handler.captum_explanation is not true in model-config.yaml" in told.answer
