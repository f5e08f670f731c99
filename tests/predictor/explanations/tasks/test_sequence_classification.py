"""Targets of a classifier, on real outputs of a tiny one."""

from collections.abc import Sequence

import pytest
import torch

from tests.predictor.tiny import LABELS, MAX_LENGTH
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.sequence_classification import SequenceClassificationTargets
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.sequence_classification import SequenceClassification, TextQuestion
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs
from transformermodel_predictor.tasks.windows import alignment_of

TASK = SequenceClassification(TaskConfiguration(LABELS, MAX_LENGTH))
TARGETS = SequenceClassificationTargets(TASK)
SEVERAL = SequenceClassificationTargets(SequenceClassification(TaskConfiguration(LABELS, MAX_LENGTH, multi_label=True)))


def asked(
    model: LoadedModel,
    wanted: object = None,
    question: TextQuestion | None = None,
    targets: SequenceClassificationTargets = TARGETS,
    logits: Sequence[float] | None = None,
) -> tuple[list[Target], Outputs]:
    """What is to be explained, and the outputs, which may be given by hand."""
    question = question or TextQuestion("I love this movie")
    (windows,) = targets.encode(model.tokenizer, [question])
    outputs: Sequence[Outputs] = model.engine.run(windows)
    if logits is not None:
        outputs = [{"logits": torch.tensor(logits)}]
    return targets.targets(question, windows, outputs, wanted), outputs[0]


def names(found: tuple[list[Target], Outputs]) -> list[str]:
    return [target.name for target in found[0]]


def test_the_predicted_class_is_explained_with_its_logit_and_its_probability(tiny_model: LoadedModel) -> None:
    (target,), outputs = asked(tiny_model)
    best = int(outputs["logits"].argmax())
    assert target.name == LABELS[best]
    assert float(target.objective.value(outputs)) == float(outputs["logits"][best])
    assert target.score == pytest.approx(float(outputs["logits"].softmax(-1)[best]))
    assert target.features == (None, 0, 1, 2, 3, None)


def test_the_answer_is_the_prediction(tiny_model: LoadedModel) -> None:
    question = TextQuestion("I love this movie", top_k=2)
    (windows,) = TARGETS.encode(tiny_model.tokenizer, [question])
    (answer,) = tiny_model.answer([{"text": "I love this movie"}], {"top_k": 2})
    assert TARGETS.answer(question, windows, tiny_model.engine.run(windows)) == answer


def test_what_is_explained_is_encoded_as_what_is_predicted(tiny_model: LoadedModel) -> None:
    rows = [
        TextQuestion("good", "bad movie"),
        TextQuestion(""),
        TextQuestion("it was " * 30),
        TextQuestion("a", "b " * 40),
    ]
    plain = TASK.encode(tiny_model.tokenizer, rows)
    for (one,), (other,) in zip(plain, TARGETS.encode(tiny_model.tokenizer, rows), strict=True):
        assert {name: list(values) for name, values in one.features.items()} == other.features
        assert one.truncated == other.truncated
        assert len(alignment_of(other).texts) == len(one)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("NEUTRAL", ["NEUTRAL"]),
        (1, ["NEUTRAL"]),
        ("1", ["NEUTRAL"]),
        ((1,), ["NEUTRAL"]),
        ("(1,)", ["NEUTRAL"]),
        ([2, "NEGATIVE"], ["POSITIVE", "NEGATIVE"]),
        ('["POSITIVE", 0, "POSITIVE"]', ["POSITIVE", "NEGATIVE"]),
        ("('POSITIVE', 0)", ["POSITIVE", "NEGATIVE"]),
        ("all", ["POSITIVE", "NEGATIVE", "NEUTRAL"]),
    ],
)
def test_classes_are_named_or_numbered(tiny_model: LoadedModel, wanted: object, expected: list[str]) -> None:
    assert names(asked(tiny_model, wanted, logits=[1.0, 0.0, 2.0])) == expected


def test_a_name_is_a_name_before_it_is_a_number(tiny_model: LoadedModel) -> None:
    rated = SequenceClassificationTargets(SequenceClassification(TaskConfiguration(("2", "1", "all"), MAX_LENGTH)))
    assert names(asked(tiny_model, "2", targets=rated)) == ["2"]
    assert names(asked(tiny_model, 2, targets=rated)) == ["all"]
    assert names(asked(tiny_model, "all", targets=rated)) == ["all"]


@pytest.mark.parametrize(
    "wanted",
    [
        "positive",
        3,
        -1,
        True,
        1.5,
        [],
        {},
        {"label": "POSITIVE"},
        [3],
        "[0, 3]",
        "[" * 9000,
        "9" * 9000,
        "0x" + "f" * 9000,
    ],
)
def test_classes_that_are_not_there_are_refused_with_those_that_are(tiny_model: LoadedModel, wanted: object) -> None:
    with pytest.raises(InvalidQuestion, match="NEGATIVE, NEUTRAL, POSITIVE, their numbers from 0 to 2") as caught:
        asked(tiny_model, wanted)
    assert len(str(caught.value)) < 250


def test_where_several_may_hold_all_that_do_are_explained(tiny_model: LoadedModel) -> None:
    found = asked(tiny_model, targets=SEVERAL, logits=[0.5, -3.0, 2.0])
    assert [(target.name, target.score) for target in found[0]] == [
        ("POSITIVE", pytest.approx(0.8808, abs=1e-4)),
        ("NEGATIVE", pytest.approx(0.6225, abs=1e-4)),
    ]
    sure = TextQuestion("I love this movie", threshold=0.8)
    assert names(asked(tiny_model, question=sure, targets=SEVERAL, logits=[0.5, -3.0, 2.0])) == ["POSITIVE"]
    assert names(asked(tiny_model, "NEUTRAL", targets=SEVERAL, logits=[0.5, -3.0, 2.0])) == ["NEUTRAL"]


def test_where_none_holds_the_likeliest_is_explained(tiny_model: LoadedModel) -> None:
    assert names(asked(tiny_model, targets=SEVERAL, logits=[-2.0, -3.0, -1.0])) == ["POSITIVE"]


def test_the_words_of_both_texts_of_a_pair_are_features(tiny_model: LoadedModel) -> None:
    question = TextQuestion("good movie", "😀 bad")
    (target,), _ = asked(tiny_model, question=question)
    assert target.features == (None, 0, 1, None, 2, 3, None)
    assert TARGETS.texts(question) == {"text": "good movie", "text_pair": "😀 bad"}
    assert list(alignment_of(target.encoding).offsets[4:6]) == [(0, 1), (2, 5)]


def test_what_was_cut_off_is_not_there_to_be_explained(tiny_model: LoadedModel) -> None:
    (target,), _ = asked(tiny_model, question=TextQuestion("it was " * 20))
    assert len(target.encoding) == MAX_LENGTH
    assert target.encoding.truncated == 40 + 2 - MAX_LENGTH
    assert target.features == (None, *range(MAX_LENGTH - 2), None)


def test_an_empty_text_has_no_features(tiny_model: LoadedModel) -> None:
    (target,), _ = asked(tiny_model, question=TextQuestion(""))
    assert target.features == (None, None)
