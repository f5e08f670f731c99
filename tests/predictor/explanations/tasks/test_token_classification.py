"""Targets of a tagger: entities that were found, and tokens that are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from tests.predictor.explanations.tasks.tiny_heads import TAGS, make_tagger, run
from tests.predictor.tiny import MAX_LENGTH
from transformermodel_predictor.explanations.objectives import TokenLogits
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.token_classification import TokenClassificationTargets
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, Windows
from transformermodel_predictor.tasks.token_classification import TokenClassification
from transformermodel_predictor.tasks.windows import alignment_of

TASK = TokenClassification(TaskConfiguration(TAGS, MAX_LENGTH))
TARGETS = TokenClassificationTargets(TASK)
TEXT = "i  love 😀 this movie"
FOUND: Mapping[str, int] = {"love": 1, "[UNK]": 2, "movie": 3}
"""In TEXT, two tokens that are a person and one that is a place."""


@pytest.fixture(scope="module")
def tagger(tiny_model: LoadedModel) -> PreTrainedModel:
    return make_tagger(len(tiny_model.tokenizer))


def tagged(windows: Windows, classes: Mapping[str, int]) -> list[Outputs]:
    """Logits that are sure of the classes of some tokens, and that all others are of none."""
    return [
        {
            "logits": torch.stack(
                [2.0 * torch.nn.functional.one_hot(torch.tensor(classes.get(token, 0)), len(TAGS)) for token in tokens]
            )
        }
        for tokens in (alignment_of(window).tokens for window in windows)
    ]


def asked(
    model: LoadedModel,
    wanted: object = None,
    text: str = TEXT,
    classes: Mapping[str, int] = FOUND,
    **parameters: Any,
) -> tuple[list[Target], Windows]:
    question = TASK.question({"text": text}, parameters)
    (windows,) = TARGETS.encode(model.tokenizer, [question])
    return TARGETS.targets(question, windows, tagged(windows, classes), wanted), windows


def told(targets: Sequence[Target]) -> list[tuple[object, ...]]:
    return [(target.name, target.details["text"], target.objective) for target in targets]


PERSON = ("PER", "love 😀", TokenLogits((2, 3), (1, 2)))
PLACE = ("LOC", "movie", TokenLogits((5,), (3,)))


def test_each_entity_is_explained_at_its_place(tiny_model: LoadedModel) -> None:
    targets, windows = asked(tiny_model)
    assert told(targets) == [PERSON, PLACE]
    assert [target.details for target in targets] == [
        {"start": 3, "end": 9, "text": "love 😀"},
        {"start": 15, "end": 20, "text": "movie"},
    ]
    assert all(target.encoding is windows[0] for target in targets)
    assert targets[0].features == (None, 0, 1, 2, 3, 4, None)
    sure = float(torch.tensor([2.0, 0, 0, 0, 0]).softmax(-1)[0])
    assert targets[0].score == pytest.approx(sure)


@pytest.mark.parametrize("aggregation", ["none", "simple", "first", "average", "max"])
def test_real_outputs(tiny_model: LoadedModel, tagger: PreTrainedModel, aggregation: str) -> None:
    """An entity's objective is the mean of its tokens' logits, and its score is the one that is predicted."""
    question = TASK.question({"text": "i love this movie it was good"}, {"aggregation_strategy": aggregation})
    (windows,) = TARGETS.encode(tiny_model.tokenizer, [question])
    outputs = run(tagger, windows)
    entities = TARGETS.answer(question, windows, outputs)["entities"]
    targets = TARGETS.targets(question, windows, outputs, None)
    assert entities
    assert [(target.name, target.score, target.details["start"]) for target in targets] == [
        (entity["entity"], entity["score"], entity["start"]) for entity in entities
    ]
    (logits,) = (output["logits"] for output in outputs)
    offsets = alignment_of(windows[0]).offsets
    for target in targets:
        place = range(target.details["start"], target.details["end"])
        positions = [at for at, (start, end) in enumerate(offsets) if start < end and start in place]
        meant = [index for index, tag in enumerate(TAGS) if target.name in (tag, tag[2:])]
        expected = logits[positions][:, meant].max(-1).values.mean()
        assert float(target.objective.value(outputs[0])) == pytest.approx(float(expected))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("all", [PERSON, PLACE]),
        (1, [PLACE]),
        ("1", [PLACE]),
        ("LOC", [PLACE]),
        (["LOC", "PER"], [PLACE, PERSON]),
        ((3, 4), [("I-LOC", "😀", TokenLogits((3,), (4,)))]),
        ([3, 4], [("I-LOC", "😀", TokenLogits((3,), (4,)))]),
        ("(3, 4)", [("I-LOC", "😀", TokenLogits((3,), (4,)))]),
        ([1, "B-PER"], [("B-PER", "i", TokenLogits((1,), (1,)))]),
        ([[3, 4], "LOC"], [("I-LOC", "😀", TokenLogits((3,), (4,))), PLACE]),
        ({"start": 15, "end": 20}, [PLACE]),
        ('{"start": 3, "end": 9, "label": "PER"}', [PERSON]),
        ({"start": 4, "end": 5, "label": "I-LOC"}, [("I-LOC", "love", TokenLogits((2,), (4,)))]),
        ({"start": 8, "end": 9}, [("PER", "😀", TokenLogits((3,), (2,)))]),
        ({"start": 0, "end": 1}, [("O", "i", TokenLogits((1,), (0,)))]),
    ],
)
def test_what_can_be_asked_for(tiny_model: LoadedModel, wanted: object, expected: list[object]) -> None:
    assert told(asked(tiny_model, wanted)[0]) == expected


@pytest.mark.parametrize(
    "wanted",
    [
        "ORG",
        "O",
        2,
        -1,
        True,
        1.5,
        [],
        {},
        [0, 1],
        [6, 1],
        [1, 5],
        (1, "PERSON"),
        [0, 1, 2],
        {"start": 0},
        {"start": 5, "end": 5},
        {"start": 0, "end": 21},
        {"start": 1, "end": 3},
        {"start": 0, "end": 1, "label": "ORG"},
        {"start": 0, "end": 1, "label": ["PER"]},
        {"start": False, "end": 1},
        {"start": 0, "end": 1, "other": 1},
        [{"start": 0, "end": 1}, "ORG"],
        "{" * 200,
    ],
)
def test_what_is_not_there_is_refused_with_what_is(tiny_model: LoadedModel, wanted: object) -> None:
    possible = (
        r"entities by their number from 0 to 1 or their label \(LOC, PER\), places such as "
        r'\{"start": 0, "end": 20\} .* and pairs of a token, from 1 to 5, and a class, from 0 to 4$'
    )
    with pytest.raises(InvalidQuestion, match=possible):
        asked(tiny_model, wanted)


def test_without_entities_there_is_nothing_to_explain(tiny_model: LoadedModel) -> None:
    assert asked(tiny_model, classes={})[0] == []
    assert asked(tiny_model, text="")[0] == []
    with pytest.raises(InvalidQuestion, match="no entity was found"):
        asked(tiny_model, "PER", classes={})
    with pytest.raises(InvalidQuestion, match=r"target \{'end': 1, 'start': 0\} is not there"):
        asked(tiny_model, {"start": 0, "end": 1}, text="")


def test_what_the_question_ignores_is_no_entity(tiny_model: LoadedModel) -> None:
    every = asked(tiny_model, aggregation_strategy="none", ignore_labels=["I-PER"])[0]
    assert [target.name for target in every] == ["O", "B-PER", "O", "B-LOC"]
    assert [target.details["token"] for target in every] == ["i", "love", "this", "movie"]


class TestLongTexts:
    def test_an_entity_is_explained_where_it_has_most_context(self, tiny_model: LoadedModel) -> None:
        for ahead in range(0, 40, 3):
            text = "i " * ahead + "love movie " + "i " * 20
            (target,), windows = asked(tiny_model, text=text, classes={"love": 3, "movie": 4}, stride=6)
            assert len(windows) > 1
            alignment = alignment_of(target.encoding)
            assert isinstance(target.objective, TokenLogits)
            assert [alignment.tokens[at] for at in target.objective.positions] == ["love", "movie"]
            assert target.details == {
                "start": 2 * ahead,
                "end": 2 * ahead + 10,
                "text": "love movie",
                "window": {"start": alignment.offsets[1][0], "end": alignment.offsets[-2][1]},
            }
            poorer = min(target.objective.positions[0] - 1, len(target.encoding) - 2 - target.objective.positions[1])
            at_an_end = target.encoding in (windows[0], windows[-1])
            assert at_an_end or poorer >= 2

    def test_an_entity_longer_than_a_window_is_explained_in_part_and_that_is_said(
        self, tiny_model: LoadedModel
    ) -> None:
        (target,), _ = asked(tiny_model, text="i " + "love " * 25 + "i", classes={"love": 4}, stride=4)
        assert isinstance(target.objective, TokenLogits)
        assert (target.details["tokens"], target.details["explained_tokens"]) == (25, 14)
        assert len(target.objective.positions) == len(target.objective.classes) == 14
        assert (target.details["start"], target.details["end"]) == (2, 126)

    def test_tokens_are_numbered_through_all_windows(self, tiny_model: LoadedModel) -> None:
        (target,), windows = asked(tiny_model, [30, 1], text="i " * 29 + "love " + "i " * 10, classes={})
        assert len(windows) > 2
        assert (target.details["text"], target.details["start"]) == ("love", 58)
