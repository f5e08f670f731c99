"""Golden answers: questions whose answers are known, asked before a model is served."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.golden import GoldenTest, TestExpectation

SCORE_TOLERANCE = 0.01

Answers = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True)
class GoldenResult:
    """What a model answered to one question."""

    label: str
    score: float


def check_golden_answers(tests: Sequence[GoldenTest], answer: Answers) -> tuple[GoldenResult, ...]:
    """Ask all questions; the results in their order.

    Raises:
        PreparationFailed: GoldenAnswerMismatch, naming the first test that fails, what came and what was expected.
    """
    questions = [test.input.model_dump(exclude_none=True) for test in tests]
    results = tuple(_result(fields) for fields in answer(questions)) if questions else ()
    problems = [
        f"spec.tests[{index}] {problem}"
        for index, (test, result) in enumerate(zip(tests, results, strict=True))
        if (problem := _problem(test.expect, result))
    ]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PreparationFailed(FailureReason.GoldenAnswerMismatch, f"{problems[0]}{more}.")
    return results


def _result(fields: Mapping[str, Any]) -> GoldenResult:
    return GoldenResult(label=fields["label"], score=float(fields["score"]))


def _problem(expected: TestExpectation, result: GoldenResult) -> str | None:
    came = f"was answered {result.label} with score {result.score:.4f}"
    if result.label != expected.label:
        return f"{came}, expected {expected.label}"
    if expected.score is not None and not abs(result.score - float(expected.score)) <= SCORE_TOLERANCE:
        return f"{came}, expected score {expected.score} ± {SCORE_TOLERANCE}"
    return None
