"""What holds for the explanations of every task, on real outputs."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from tests.predictor.explanations.tasks.tiny_heads import TAGS, make_reader, make_tagger, run
from tests.predictor.tiny import LABELS
from tests.predictor.tiny_language import make_language_model, make_language_tokenizer
from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Attribution, Method
from transformermodel_predictor.explanations.parts import build_explanation
from transformermodel_predictor.explanations.target import ExplainableTask
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.tasks.question_answering import QuestionAnsweringTargets
from transformermodel_predictor.explanations.tasks.token_classification import TokenClassificationTargets
from transformermodel_predictor.generation.piece import FinishReason
from transformermodel_predictor.generation.text import GeneratedText
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.catalogue import TASKS, make_task
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion, Outputs

TEXTS = (
    "I  love\n\nthis   movie",
    "😀👩‍👩‍👧 love 東京は e\u0301te\u0301 ครับ",
    "it was " * 30,
    "\u200b good\u00a0bad\t",
)


@dataclass(frozen=True)
class Asked:
    """A task, the model's tokenizer, questions, and how the model is run."""

    task: ExplainableTask[Any, Any]
    tokenizer: Any
    questions: Sequence[Any]
    """As they are explained."""
    run: Callable[[Sequence[Encoding]], Sequence[Outputs]]


@pytest.fixture(params=TASKS)
def asked(request: pytest.FixtureRequest, tiny_model: LoadedModel) -> Asked:
    name: TaskName = request.param
    labels = {TaskName.SequenceClassification: LABELS, TaskName.TokenClassification: TAGS}.get(name, ())
    task = make_task(name, TaskConfiguration(labels, 48))
    size = len(tiny_model.tokenizer)
    if name is TaskName.TextGeneration:
        tokenizer, model = make_language_tokenizer(), make_language_model()
        prompts = [task.encode(tokenizer, task.question({"text": text}, {}), 64) for text in TEXTS]
        texts = [GeneratedText(prompt, "a b", (70, 75, 2), FinishReason.Stop) for prompt in prompts]
        return Asked(explainable(task), tokenizer, texts, lambda windows: run(model, windows))
    if name is TaskName.QuestionAnswering:
        rows = [{"question": "wás 😀 it", "context": text} for text in TEXTS]
    else:
        rows = [{"text": text} for text in TEXTS]
    if name is TaskName.SequenceClassification:
        rows += [{"text": text, "text_pair": "e\u0301 😀  good"} for text in TEXTS]
    models = {TaskName.TokenClassification: make_tagger, TaskName.QuestionAnswering: make_reader}
    model = models[name](size) if name in models else None
    return Asked(
        task=explainable(task),
        tokenizer=tiny_model.tokenizer,
        questions=[task.question(row, {}) for row in rows],
        run=tiny_model.engine.run if model is None else lambda windows: run(model, windows),
    )


def test_targets_have_finite_objectives_and_parts_that_stand_where_they_say(asked: Asked) -> None:
    explained = 0
    for question, windows in zip(asked.questions, asked.task.encode(asked.tokenizer, asked.questions), strict=True):
        texts = asked.task.texts(question)
        for target in asked.task.targets(question, windows, asked.run(windows), None):
            explained += 1
            (again,) = asked.run([target.encoding])
            assert math.isfinite(float(target.objective.value(again)))
            assert 0.0 <= target.score <= 1.0
            words = [number for number in target.features if number is not None]
            assert sorted(set(words)) == list(range(max(words) + 1))
            values = tuple(float(number) for number in torch.randn(len(target.encoding)))
            told = build_explanation(Method.Saliency, target, Attribution(values, None, 1), texts)
            assert len(told.tokens) == len(words)
            assert math.hypot(*(token.importance for token in told.tokens)) == pytest.approx(1.0)
            for word in told.words:
                assert word.text == texts[word.field][word.start : word.end] != ""
            assert sum(word.importance for word in told.words) == pytest.approx(
                sum(token.importance for token in told.tokens)
            )
    assert explained >= len(asked.questions)


SENT: Sequence[object] = [
    *("all", "tokens", "POSITIVE", "LOC", "love", "0", 0, 2, "[0, 2]", [0, 2], [2, 0, 2], ["LOC", "PER"], [1, "B-PER"]),
    *({"start": 0, "end": 1}, [{"start": 3, "end": 7, "label": "PER"}, [2, 1]], ["POSITIVE", 0]),
]
"""Each is a target of some task."""


def test_a_target_is_refused_before_the_answer_only_where_no_answer_has_it(asked: Asked) -> None:
    question = asked.questions[0]
    first = question.prompt.question if isinstance(question, GeneratedText) else question
    (windows,) = asked.task.encode(asked.tokenizer, [question])
    outputs = asked.run(windows)
    minimum_targets = 0
    for wanted in (None, *SENT):
        try:
            found = asked.task.targets(question, windows, outputs, wanted)
        except InvalidQuestion:
            continue
        minimum_targets += asked.task.minimum_targets(first, wanted)
        assert asked.task.minimum_targets(first, wanted) <= len(found)
    assert minimum_targets or isinstance(asked.task, QuestionAnsweringTargets)


@pytest.mark.parametrize(
    "wanted", ["nobody", -1, 4711_000, True, 1.5, [], {}, [0, -1], {"start": 0, "end": 9_000}, [0, "nobody"]]
)
def test_what_no_answer_has_is_refused_before_there_is_one(asked: Asked, wanted: object) -> None:
    if wanted == 4711_000 and isinstance(asked.task, TokenClassificationTargets):
        return  # an answer would have to say how many entities there are
    question = asked.questions[0]
    with pytest.raises(InvalidQuestion, match="is not there; possible are "):
        asked.task.minimum_targets(
            question.prompt.question if isinstance(question, GeneratedText) else question, wanted
        )


def test_whatever_is_sent_as_a_target_is_answered_or_refused(asked: Asked) -> None:
    """What is no target is the client's fault, never an error of another kind."""
    question = asked.questions[0]
    first = question.prompt.question if isinstance(question, GeneratedText) else question
    (windows,) = asked.task.encode(asked.tokenizer, [question])
    outputs = asked.run(windows)
    sent = ["", " ", "null", "None", "NaN", "1e999", "-0", "[1,", "b'x'", "{1, 2}", "1j", "\x00", "\ud800", "lambda: 0"]
    sent += ["(" * 5000, "[" * 5000 + "]" * 5000, "-" * 5000 + "1", "x" * 20_000, "9" * 5000]
    values = [*sent, 10**5000, float("nan"), float("inf"), b"x", [[]], [None], {"start": None, "end": {}}, [[1, 2, 3]]]
    nested: list[Any] = []
    for _ in range(900):
        nested = [nested]
    refusals = []
    for wanted in [*values, nested]:
        with suppress(InvalidQuestion):
            asked.task.minimum_targets(first, wanted)
        try:
            asked.task.targets(question, windows, outputs, wanted)
        except InvalidQuestion as error:
            refusals.append(str(error))
    assert len(refusals) > len(values) / 2
    assert all(len(refusal) < 700 for refusal in refusals)
