"""Targets of a reader: where an answer starts and where it ends."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from tests.predictor.explanations.tasks.tiny_heads import make_reader, run
from tests.predictor.tiny import MAX_LENGTH
from tests.predictor.tiny_language import make_language_tokenizer
from transformermodel_predictor.explanations.objectives import PlaceLogit
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.question_answering import QuestionAnsweringTargets
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, Windows
from transformermodel_predictor.tasks.windows import alignment_of

TASK = QuestionAnswering(TaskConfiguration((), MAX_LENGTH))
TARGETS = QuestionAnsweringTargets(TASK)
CONTEXT = "😀 it  was LOVE this"
LOVED = {"was": (3.0, 0.0), "love": (1.0, 4.0)}
"""The answer is `was LOVE`, and the next ones begin or end with it."""

Logits = Mapping[str, tuple[float, float]]


@pytest.fixture(scope="module")
def reader(tiny_model: LoadedModel) -> PreTrainedModel:
    return make_reader(len(tiny_model.tokenizer))


def read(windows: Windows, of: Logits) -> list[Outputs]:
    """How sure a model is that an answer starts, and ends, with a token of the context."""
    outputs: list[Outputs] = []
    for window in windows:
        alignment = alignment_of(window)
        rows = [
            of.get(token, (0.0, 0.0)) if text != 0 else (0.0, 0.0)
            for token, text in zip(alignment.tokens, alignment.texts, strict=True)
        ]
        start, end = (torch.tensor(values) for values in zip(*rows, strict=True))
        outputs.append({"start_logits": start, "end_logits": end})
    return outputs


def asked(
    model: LoadedModel, wanted: object = None, context: str = CONTEXT, of: Logits = LOVED, **parameters: Any
) -> tuple[list[Target], Windows]:
    question = TASK.question({"question": "was it good", "context": context}, parameters)
    (windows,) = TARGETS.encode(model.tokenizer, [question])
    return TARGETS.targets(question, windows, read(windows, of), wanted), windows


def tokens_of(targets: list[Target]) -> tuple[str, str]:
    """The tokens with which the answer starts and ends."""
    start, end = (target.objective for target in targets)
    assert isinstance(start, PlaceLogit)
    assert isinstance(end, PlaceLogit)
    assert (start.output, end.output) == ("start_logits", "end_logits")
    spelled = alignment_of(targets[0].encoding).tokens
    return spelled[start.position], spelled[end.position]


def test_start_and_end_of_the_predicted_answer(tiny_model: LoadedModel) -> None:
    targets, (window,) = asked(tiny_model)
    assert [target.name for target in targets] == ["start", "end"]
    assert tokens_of(targets) == ("was", "love")
    assert all(target.encoding is window for target in targets)
    assert targets[0].features == (None, 0, 1, 2, None, 3, 4, 5, 6, 7, None)
    assert (targets[0].details["answer"], targets[0].details["start"]) == ("was LOVE", 6)
    assert TARGETS.texts(TASK.question({"question": "a", "context": "b"}, {})) == {"question": "a", "context": "b"}


def test_scores_are_shares_of_all_answers(tiny_model: LoadedModel) -> None:
    """Of two words there are three answers, of which two start, or end, with one of them."""
    targets, _ = asked(tiny_model, "i", context="i love", of={})
    assert [target.score for target in targets] == [pytest.approx(2 / 3), pytest.approx(1 / 3)]
    assert targets[0].details["answer_score"] == pytest.approx(1 / 3)


def test_real_outputs(tiny_model: LoadedModel, reader: PreTrainedModel) -> None:
    context = "i love this movie it was good and bad " * 3
    question = TASK.question({"question": "was it", "context": context}, {"top_k": 8})
    (windows,) = TARGETS.encode(tiny_model.tokenizer, [question])
    outputs = run(reader, windows)
    answers = TARGETS.answer(question, windows, outputs)["answers"]
    assert len(windows) > 1
    for number, answer in enumerate(answers):
        start, end = TARGETS.targets(question, windows, outputs, number)
        assert start.details["answer_score"] == pytest.approx(answer["score"])
        assert (start.details["start"], start.details["end"]) == (answer["start"], answer["end"])
        window = windows.index(start.encoding)
        logits = [float(target.objective.value(outputs[window])) for target in (start, end)]
        offsets = alignment_of(start.encoding).offsets
        first, last = (target.objective.position for target in (start, end))  # type: ignore[attr-defined]
        assert (offsets[first][0], offsets[last][1]) == (answer["start"], answer["end"])
        assert logits == [float(outputs[window]["start_logits"][first]), float(outputs[window]["end_logits"][last])]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("all", "was LOVE"),
        (0, "was LOVE"),
        ("0", "was LOVE"),
        (1, "LOVE"),
        ("it  was", "it  was"),
        ('"it"', "it"),
        (" this", "this"),
        ({"start": 0, "end": 2}, "😀"),
        ('{"start": 1, "end": 14}', "it  was LOVE"),
        ("{'start': 5, 'end': 9}", "was"),
    ],
)
def test_what_can_be_asked_for(tiny_model: LoadedModel, wanted: object, expected: str) -> None:
    targets, _ = asked(tiny_model, wanted)
    assert {target.details["answer"] for target in targets} == {expected}
    first, last = tokens_of(targets)
    words = expected.lower().replace("😀", "[UNK]").split()
    assert (first.upper(), last.upper()) == (words[0].upper(), words[-1].upper())


def test_a_text_is_a_text_before_it_is_a_number(tiny_model: LoadedModel) -> None:
    targets, _ = asked(tiny_model, "1", context="it was 1 good")
    assert targets[0].details["answer"] == "1"


def test_a_text_that_is_there_twice_is_taken_where_it_is_likeliest(tiny_model: LoadedModel) -> None:
    targets, _ = asked(tiny_model, "it", context="it was it", of={})
    assert targets[0].details["start"] == 0
    question = TASK.question({"question": "good", "context": "it was it"}, {})
    (windows,) = TARGETS.encode(tiny_model.tokenizer, [question])
    surer = {"start_logits": torch.tensor([0, 0, 0, 0.0, 0, 2.0, 0]), "end_logits": torch.zeros(7)}
    targets = TARGETS.targets(question, windows, [surer], "it")
    assert targets[0].details["start"] == 7


def test_a_part_of_a_token_means_the_token(tiny_model: LoadedModel) -> None:
    targets, _ = asked(tiny_model, {"start": 11, "end": 12})
    assert tokens_of(targets) == ("love", "love")
    assert targets[0].details["answer"] == "O"


@pytest.mark.parametrize(
    "wanted",
    [
        "nobody",
        100,
        -1,
        True,
        0.5,
        [],
        [0],
        {},
        {"start": 0},
        {"start": 0, "end": 20},
        {"start": 4, "end": 4},
        {"start": 4, "end": 6, "answer": "x"},
        {"start": "0", "end": 2},
        "{'start': 4",
    ],
)
def test_what_is_not_there_is_refused_with_what_is(tiny_model: LoadedModel, wanted: object) -> None:
    possible = r'the best answers by their number .* as text or as \{"start": 0, "end": 19\}$'
    with pytest.raises(InvalidQuestion, match=possible):
        asked(tiny_model, wanted)


def test_space_is_no_answer_and_there_are_only_so_many(tiny_model: LoadedModel) -> None:
    with pytest.raises(InvalidQuestion, match="possible are the best answers"):
        asked(tiny_model, {"start": 4 + 1, "end": 6})
    with pytest.raises(InvalidQuestion, match="target 50 is not there; there are answers from 0 to 14"):
        asked(tiny_model, 50)


class TestNoAnswer:
    def test_it_is_explained_at_the_token_that_stands_for_it(self, tiny_model: LoadedModel) -> None:
        of = {"[CLS]": (4.0, 4.0)}
        for targets, _ in (asked(tiny_model, of=of, allow_no_answer=True), asked(tiny_model, "", of=of)):
            assert tokens_of(targets) == ("[CLS]", "[CLS]")
            assert targets[0].details["answer"] == ""
            assert targets[0].score > 0.99

    def test_it_is_explained_in_the_window_that_decides(self, tiny_model: LoadedModel) -> None:
        question = TASK.question({"question": "good", "context": "it was " * 12}, {"allow_no_answer": True})
        (windows,) = TARGETS.encode(tiny_model.tokenizer, [question])
        outputs = read(windows, {"[CLS]": (9.0, 9.0)})
        outputs[1]["start_logits"][0] = 8.0
        targets = TARGETS.targets(question, windows, outputs, None)
        assert targets[0].encoding is windows[1]


class TestLongContexts:
    @pytest.mark.parametrize("ahead", [0, 9, 20])
    def test_both_ends_are_explained_in_one_window(self, tiny_model: LoadedModel, ahead: int) -> None:
        context = "i " * ahead + "love movie " + "i " * 20
        targets, windows = asked(tiny_model, context=context, of={"love": (5.0, 0.0), "movie": (0.0, 5.0)})
        assert len(windows) > 1
        assert tokens_of(targets) == ("love", "movie")
        assert targets[0].encoding is targets[1].encoding
        place = targets[0].details["window"]
        assert place["start"] <= 2 * ahead < 2 * ahead + 10 <= place["end"]

    def test_an_answer_longer_than_a_window_is_refused(self, tiny_model: LoadedModel) -> None:
        with pytest.raises(
            InvalidQuestion, match="the answer from 0 to 99 is longer than what the model reads at once"
        ):
            asked(tiny_model, {"start": 0, "end": 100}, context="i " * 60)


def test_answers_of_bytes_have_the_tokens_that_were_predicted() -> None:
    """A character is several tokens, and the space before it may be another: the surest of them are the answer's."""
    tokenizer = make_language_tokenizer()
    task = QuestionAnswering(TaskConfiguration((), 64))
    targets = QuestionAnsweringTargets(task)
    question = task.question({"question": "the fox", "context": "the  東京 dog"}, {})
    (windows,) = targets.encode(tokenizer, [question])
    alignment = alignment_of(windows[0])
    count = len(windows[0])
    places = zip(alignment.texts, alignment.offsets, strict=True)
    answer = [at for at, (of, (start, end)) in enumerate(places) if of == 1 and start < 7 and end > 5]
    assert alignment.offsets[answer[0] - 1] == (3, 4)  # mere space
    for first in (answer[0] - 1, answer[0]):
        start, end = torch.zeros(count), torch.zeros(count)
        start[first] = end[answer[-1]] = 5.0
        outputs = [{"start_logits": start, "end_logits": end}]
        found = targets.targets(question, windows, outputs, None)
        assert found[0].details["answer"] == "東京"
        assert [float(target.objective.value(outputs[0])) for target in found] == [5.0, 5.0]
