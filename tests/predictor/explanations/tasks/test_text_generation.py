"""Targets of generated text: the whole continuation, or tokens of it, with respect to the prompt."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import torch

from tests.predictor.tiny_language import POSITIONS, make_language_model, make_language_tokenizer
from transformermodel_predictor.explanations.objectives import ContinuationLogProbability
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tasks.text_generation import TextGenerationTargets
from transformermodel_predictor.generation.piece import FinishReason
from transformermodel_predictor.generation.text import GeneratedText
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, Windows
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.tasks.windows import alignment_of

TASK = TextGeneration(TaskConfiguration((), POSITIONS))
TARGETS = TextGenerationTargets(TASK)
TOKENIZER = make_language_tokenizer()
MODEL = make_language_model("llama")
NEW = 4


def generated(fields: Mapping[str, Any], limit: int = POSITIONS) -> GeneratedText:
    """What the model writes of itself, greedily."""
    question = TASK.question(fields, {"max_new_tokens": NEW})
    prompt = TextGeneration(TaskConfiguration((), limit)).encode(TOKENIZER, question, POSITIONS)
    tokens = list(prompt.tokens)
    for _ in range(NEW):
        tokens.append(int(logits(tokens)[-1].argmax()))
    new = tuple(tokens[-NEW:])
    return GeneratedText(prompt, TOKENIZER.decode(list(new)), new, FinishReason.Length)


def logits(tokens: list[int]) -> torch.Tensor:
    return _logits(tuple(tokens))


@cache
@torch.inference_mode()
def _logits(tokens: tuple[int, ...]) -> torch.Tensor:
    found: torch.Tensor = MODEL(torch.tensor([tokens])).logits[0]
    return found


def asked(
    wanted: object = None, fields: Mapping[str, Any] | None = None, limit: int = POSITIONS
) -> tuple[list[Target], GeneratedText, Windows, Outputs]:
    text = generated(fields or {"text": "the quick 😀"}, limit)
    (windows,) = TARGETS.encode(TOKENIZER, [text])
    outputs = {"logits": logits(list(windows[0].features["input_ids"]))}
    return TARGETS.targets(text, windows, [outputs], wanted), text, windows, outputs


def test_the_whole_continuation_is_the_product_of_its_tokens_each_after_those_before_it() -> None:
    (target,), text, _, outputs = asked()
    alone = [
        float(logits([*text.prompt.tokens, *text.tokens[:number]])[-1].log_softmax(-1)[token])
        for number, token in enumerate(text.tokens)
    ]
    assert float(target.objective.value(outputs)) == pytest.approx(sum(alone), rel=1e-4)
    assert target.score == pytest.approx(math.prod(map(math.exp, alone)), rel=1e-4)
    assert target.name == text.text
    assert (target.details["first_token"], target.details["last_token"]) == (0, NEW - 1)


@pytest.mark.parametrize(("wanted", "last"), [(None, 3), ("tokens", 3), ([2, 0], 2)])
def test_the_one_encoding_of_all_ends_where_nothing_is_read_any_more(wanted: object, last: int) -> None:
    """Of its outputs the objective is the same, as a causal model sees nothing after a token."""
    targets, text, _, outputs = asked(wanted)
    for target in targets:
        tokens = list(target.encoding.features["input_ids"])
        assert tokens == [*text.prompt.tokens, *text.tokens[:last]]
        assert len(target.features) == len(tokens) == len(alignment_of(target.encoding).texts)
        value = float(target.objective.value({"logits": logits(tokens)}))
        assert value == pytest.approx(float(target.objective.value(outputs)), rel=1e-4)


def test_the_prompt_answers_for_it_and_the_written_tokens_do_not() -> None:
    (target,), text, _, _ = asked()
    words = target.features[: len(text.prompt.tokens)]
    assert words == (0, 1, 1, 2, 2)
    assert set(target.features[len(text.prompt.tokens) :]) == {None}


def test_each_token_by_itself() -> None:
    targets, text, _, outputs = asked("tokens")
    assert [target.name for target in targets] == [TOKENIZER.decode([token]) for token in text.tokens]
    (whole,), *_ = asked()
    assert math.prod(target.score for target in targets) == pytest.approx(whole.score)
    total = sum(float(target.objective.value(outputs)) for target in targets)
    assert total == pytest.approx(float(whole.objective.value(outputs)))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("all", [(0, 3)]),
        (2, [(2, 2)]),
        ("2", [(2, 2)]),
        ([3, 0, 3], [(3, 3), (0, 0)]),
        ((1,), [(1, 1)]),
        ("(1, 2)", [(1, 1), (2, 2)]),
        ("[1, 2]", [(1, 1), (2, 2)]),
    ],
)
def test_what_can_be_asked_for(wanted: object, expected: list[tuple[int, int]]) -> None:
    targets, *_ = asked(wanted)
    assert [(target.details["first_token"], target.details["last_token"]) for target in targets] == expected


@pytest.mark.parametrize("wanted", ["none", 4, -1, True, 1.5, [], {}, [0, 4], ["0"], {"start": 0, "end": 1}])
def test_what_is_not_there_is_refused_with_what_is(wanted: object) -> None:
    with pytest.raises(InvalidQuestion, match=r"all for the whole continuation, tokens for each .* from 0 to 3$"):
        asked(wanted)


def test_the_answer_is_the_prediction() -> None:
    _, text, windows, outputs = asked()
    assert TARGETS.answer(text, windows, [outputs]) == TASK.fields(text)


def test_tokens_that_were_cut_from_a_prompt_are_not_there() -> None:
    (target,), text, (window,), _ = asked(fields={"text": "the quick brown fox jumps over the lazy dog"}, limit=6)
    assert len(text.prompt.tokens) == 6
    assert window.truncated == text.prompt.truncated > 0
    alignment = alignment_of(target.encoding)
    start, end = alignment.offsets[0][0], alignment.offsets[5][1]
    assert "the quick brown fox jumps over the lazy dog"[start:end].endswith("lazy dog")
    assert end == 43


def test_an_empty_prompt_has_only_the_token_that_begins_texts() -> None:
    (target,), text, _, _ = asked(fields={"text": ""})
    assert text.prompt.tokens == (TOKENIZER.bos_token_id,)
    assert target.features == (None,) * NEW


def test_a_conversation_is_explained_as_the_template_writes_it() -> None:
    (target,), text, windows, _ = asked(fields={"messages": [{"role": "user", "content": "once</s> 😀"}]})
    prompt = "<|user|>once</s> 😀\n<|assistant|>"
    assert TARGETS.texts(text) == {"prompt": prompt}
    assert target.details["prompt"] == prompt
    alignment = alignment_of(windows[0])
    ids = windows[0].features["input_ids"]
    assert [alignment.texts[at] for at, token in enumerate(ids[: len(text.prompt.tokens)]) if token == 2] == [None]
    places = zip(alignment.offsets, alignment.texts, strict=True)
    explained = {at for place, of in places if of == 0 for at in range(*place)}
    assert {prompt[at] for at in range(len(prompt)) if at not in explained} == set("</s>")


def test_a_token_that_ends_a_text_has_a_name() -> None:
    text = generated({"text": "the"})
    ended = GeneratedText(text.prompt, "", (2,), FinishReason.Stop)
    (windows,) = TARGETS.encode(TOKENIZER, [ended])
    (target,) = TARGETS.targets(ended, windows, [{"logits": logits(list(windows[0].features["input_ids"]))}], None)
    assert target.name == "</s>"
    assert target.objective == ContinuationLogProbability((len(text.prompt.tokens) - 1,), (2,))


def test_numbers_that_are_not_finite_are_an_error() -> None:
    _, text, windows, outputs = asked()
    with pytest.raises(ArithmeticError, match="not finite"):
        TARGETS.targets(text, windows, [{"logits": outputs["logits"] * math.nan}], None)


def test_the_log_probability_of_low_precision_is_computed_in_float32() -> None:
    objective = ContinuationLogProbability((0, 1), (1, 0))
    rows = torch.tensor([[1.0, 3.0], [0.5, -2.0], [9.0, 9.0]])
    expected = float(rows[0].log_softmax(-1)[1] + rows[1].log_softmax(-1)[0])
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        value = objective.value({"logits": rows.to(dtype)})
        assert value.dtype is (torch.float64 if dtype is torch.float64 else torch.float32)
        assert float(value) == pytest.approx(expected, abs=1e-6)
