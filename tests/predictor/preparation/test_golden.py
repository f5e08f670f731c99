from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.predictor.preparation.conftest import Kitchen, request_for
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.golden import GoldenTest
from transformermodel_predictor.preparation.golden import Answers, GoldenResult, check_golden_answers

POSITIVE = GoldenResult({"label": "POSITIVE", "score": 0.9})
NEGATIVE = GoldenResult({"label": "NEGATIVE", "score": 0.9})


def golden(text: str, label: str, score: str | None = None, **fields: str) -> GoldenTest:
    return GoldenTest.model_validate({"input": {"text": text, **fields}, "expect": {"label": label, "score": score}})


def answer(
    questions: Sequence[Mapping[str, Any]], _parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """A model that knows two answers."""
    return [{"label": "POSITIVE" if "good" in question["text"] else "NEGATIVE", "score": 0.9} for question in questions]


def always(**fields: Any) -> Answers:
    return lambda questions, parameters=None: [fields for _ in questions]


def test_answers_that_come_as_expected_are_reported() -> None:
    tests = [golden("good", "POSITIVE"), golden("bad", "NEGATIVE", "0.9"), golden("good", "POSITIVE", "0.909")]
    assert check_golden_answers(tests, answer) == (POSITIVE, NEGATIVE, POSITIVE)
    assert check_golden_answers([], answer) == ()


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        (
            [golden("good", "POSITIVE"), golden("bad", "POSITIVE")],
            "spec.tests[1] was answered NEGATIVE with score 0.9000, expected POSITIVE.",
        ),
        (
            [golden("good", "POSITIVE", "0.915")],
            "spec.tests[0] was answered POSITIVE with score 0.9000, expected score 0.915 ± 0.01.",
        ),
        (
            [golden("bad", "POSITIVE"), golden("good", "POSITIVE"), golden("bad", "OTHER")],
            "spec.tests[0] was answered NEGATIVE with score 0.9000, expected POSITIVE (and 1 more).",
        ),
    ],
    ids=["label", "score", "several"],
)
def test_an_answer_that_does_not_come_is_named_with_both(tests: list[GoldenTest], message: str) -> None:
    with pytest.raises(PreparationFailed) as refusal:
        check_golden_answers(tests, answer)
    assert str(refusal.value) == (
        f"GoldenAnswerMismatch: {message} Correct spec.tests, or use the model revision they were written for."
    )


def test_a_score_that_is_not_a_number_is_never_right() -> None:
    with pytest.raises(PreparationFailed, match="with score nan"):
        check_golden_answers([golden("x", "A", "0.5")], always(label="A", score=float("nan")))


def test_both_texts_of_a_pair_are_asked() -> None:
    asked: list[Mapping[str, Any]] = []

    def remember(
        questions: Sequence[Mapping[str, Any]], _parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        asked.extend(questions)
        return answer(questions)

    check_golden_answers([golden("good", "POSITIVE", text_pair="bad")], remember)
    assert asked == [{"text": "good", "text_pair": "bad"}]


SARAH = {"entity": "PER", "text": "Sarah", "score": 0.8, "start": 11, "end": 16}
LONDON = {"entity": "LOC", "text": "London", "score": 0.9, "start": 31, "end": 37}
PER, LOC = {"entity": "PER", "text": "Sarah"}, {"entity": "LOC", "text": "London"}


@pytest.mark.parametrize(
    ("expect", "fields"),
    [
        ({"entities": [PER, LOC]}, {"entities": [SARAH, LONDON]}),
        ({"entities": []}, {"entities": []}),
        ({"answer": "London", "score": "0.745"}, {"answer": "London", "score": 0.7449}),
        ({"answer": ""}, {"answer": "", "score": 0.9}),
        ({"generatedText": " Paris."}, {"generated_text": " Paris.\n\nThe answer is"}),
    ],
)
def test_every_task_has_its_expectation(expect: dict[str, Any], fields: dict[str, Any]) -> None:
    test = GoldenTest.model_validate({"input": {"text": "x"}, "expect": expect})
    assert check_golden_answers([test], always(**fields)) == (GoldenResult(fields),)


@pytest.mark.parametrize(
    ("expect", "fields", "problem"),
    [
        (
            {"entities": [PER]},
            {"entities": [SARAH, LONDON]},
            "was answered PER 'Sarah', LOC 'London', expected PER 'Sarah'.",
        ),
        ({"entities": [LOC]}, {"entities": []}, "was answered no entities, expected LOC 'London'."),
        ({"entities": [LOC, PER]}, {"entities": [SARAH, LONDON]}, "expected LOC 'London', PER 'Sarah'."),
        (
            {"answer": "Paris"},
            {"answer": "London", "score": 0.7449},
            "was answered 'London' with score 0.7449, expected 'Paris'.",
        ),
        (
            {"answer": "London", "score": "0.9"},
            {"answer": "London", "score": 0.7449},
            "was answered 'London' with score 0.7449, expected score 0.9 ± 0.01.",
        ),
        (
            {"generatedText": " Paris."},
            {"generated_text": "\nRome " + "and on " * 20},
            "was continued with '\\nRome and on and on and on and on and on and on and on and on and on and on and…', "
            "expected ' Paris.'.",
        ),
        (
            {"label": "POSITIVE"},
            {"answer": "London", "score": 0.7},
            "expects label, but the task answers with answer, score.",
        ),
    ],
)
def test_what_came_instead_is_named_for_every_task(
    expect: dict[str, Any], fields: dict[str, Any], problem: str
) -> None:
    test = GoldenTest.model_validate({"input": {"text": "x"}, "expect": expect})
    with pytest.raises(PreparationFailed) as refusal:
        check_golden_answers([test], always(**fields))
    assert refusal.value.message.startswith("spec.tests[0] ")
    assert refusal.value.message.endswith(problem)
    assert "\n" not in refusal.value.message


def test_generated_text_is_asked_for_without_chance() -> None:
    asked: list[Mapping[str, Any] | None] = []

    def remember(
        _questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        asked.append(parameters)
        return [{"generated_text": "x"}]

    test = GoldenTest.model_validate({"input": {"text": "x"}, "expect": {"generatedText": "x"}})
    check_golden_answers([test], remember)
    assert asked == [{"do_sample": False}]


def test_a_question_that_the_task_cannot_read_is_named(kitchen: Kitchen) -> None:
    tests = [
        {"input": {"text": "good"}, "expect": {"label": "POSITIVE"}},
        {"input": {"question": "who?", "context": "me"}, "expect": {"answer": "me"}},
    ]
    failure = kitchen.failure(request_for(tests=tests))
    assert failure.reason is FailureReason.GoldenAnswerMismatch
    assert failure.message == (
        "spec.tests[1] cannot be asked: field 'question' is not known; there are text and text_pair."
    )


def test_a_model_that_fails_its_tests_is_not_published(kitchen: Kitchen) -> None:
    tests = [{"input": {"text": "good"}, "expect": {"label": "UNHEARD OF"}}]
    failure = kitchen.failure(request_for(tests=tests))
    assert failure.reason is FailureReason.GoldenAnswerMismatch
    assert failure.message.startswith("spec.tests[0] was answered ")
    assert failure.message.endswith(", expected UNHEARD OF.")
