from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.predictor.preparation.conftest import Kitchen, request_for
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.golden import GoldenTest
from transformermodel_predictor.preparation.golden import GoldenResult, check_golden_answers


def golden(text: str, label: str, score: str | None = None, **fields: str) -> GoldenTest:
    return GoldenTest.model_validate({"input": {"text": text, **fields}, "expect": {"label": label, "score": score}})


def answer(questions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A model that knows two answers."""
    return [{"label": "POSITIVE" if "good" in question["text"] else "NEGATIVE", "score": 0.9} for question in questions]


def test_answers_that_come_as_expected_are_reported() -> None:
    tests = [golden("good", "POSITIVE"), golden("bad", "NEGATIVE", "0.9"), golden("good", "POSITIVE", "0.909")]
    assert check_golden_answers(tests, answer) == (
        GoldenResult("POSITIVE", 0.9),
        GoldenResult("NEGATIVE", 0.9),
        GoldenResult("POSITIVE", 0.9),
    )
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
        check_golden_answers([golden("x", "A", "0.5")], lambda _: [{"label": "A", "score": float("nan")}])


def test_both_texts_of_a_pair_are_asked() -> None:
    asked: list[Mapping[str, Any]] = []

    def remember(questions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        asked.extend(questions)
        return answer(questions)

    check_golden_answers([golden("good", "POSITIVE", text_pair="bad")], remember)
    assert asked == [{"text": "good", "text_pair": "bad"}]


def test_a_model_that_fails_its_tests_is_not_published(kitchen: Kitchen) -> None:
    tests = [{"input": {"text": "good"}, "expect": {"label": "UNHEARD OF"}}]
    failure = kitchen.failure(request_for(tests=tests))
    assert failure.reason is FailureReason.GoldenAnswerMismatch
    assert failure.message.startswith("spec.tests[0] was answered ")
    assert failure.message.endswith(", expected UNHEARD OF.")
