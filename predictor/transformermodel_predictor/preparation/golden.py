"""Golden tests: questions with known answers, asked before a model is served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.golden import GoldenTest, TestExpectation
from transformermodel_predictor.tasks.task import InvalidQuestion

SCORE_TOLERANCE = 0.01

_SHOWN = 80
"""Characters of a text that a message shows."""


class Answers(Protocol):
    """Answers questions with a model, in the calling thread."""

    def __call__(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None, /
    ) -> list[dict[str, Any]]:
        """Answers to questions, both as named fields."""
        ...


@dataclass(frozen=True)
class GoldenResult:
    """A model's answer to one question, by the names of its task's outputs."""

    answer: Mapping[str, Any]


def check_golden_answers(tests: Sequence[GoldenTest], answer: Answers) -> tuple[GoldenResult, ...]:
    """Ask all questions; returns the results in order.

    Raises:
        PreparationFailed: GoldenAnswerMismatch, with the first test that fails, its answer and the expected one.
    """
    results = tuple(_asked(index, test, answer) for index, test in enumerate(tests))
    problems = [
        f"spec.tests[{index}] {problem}"
        for index, (test, result) in enumerate(zip(tests, results, strict=True))
        if (problem := _problem(test.expect, result.answer))
    ]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise _mismatch(f"{problems[0]}{more}")
    return results


def _asked(index: int, test: GoldenTest, answer: Answers) -> GoldenResult:
    question = test.input.model_dump(exclude_none=True)
    parameters = {} if test.expect.generated_text is None else {"do_sample": False}  # a drawn text differs each time
    try:
        (fields,) = answer([question], parameters)
    except InvalidQuestion as error:
        raise _mismatch(f"spec.tests[{index}] cannot be asked: {error}") from error
    return GoldenResult(fields)


def _problem(expected: TestExpectation, answer: Mapping[str, Any]) -> str | None:
    """What is wrong with an answer, after the name of its test."""
    checks = {
        "label": (expected.label, _label),
        "entities": (expected.entities, _entities),
        "answer": (expected.answer, _answer),
        "generated_text": (expected.generated_text, _generated_text),
    }
    for name, (wanted, check) in checks.items():
        if wanted is None:
            continue
        if name not in answer:
            return f"expects {name}, but the task answers with {', '.join(answer)}"
        if problem := check(expected, answer):
            return problem
    return None


def _label(expected: TestExpectation, answer: Mapping[str, Any]) -> str | None:
    came = f"was answered {answer['label']} with score {answer['score']:.4f}"
    if answer["label"] != expected.label:
        return f"{came}, expected {expected.label}"
    return _score(came, expected, answer)


def _answer(expected: TestExpectation, answer: Mapping[str, Any]) -> str | None:
    came = f"was answered {_quoted(answer['answer'])} with score {answer['score']:.4f}"
    if answer["answer"] != expected.answer:
        return f"{came}, expected {_quoted(expected.answer or '')}"
    return _score(came, expected, answer)


def _score(came: str, expected: TestExpectation, answer: Mapping[str, Any]) -> str | None:
    if expected.score is None or abs(answer["score"] - float(expected.score)) <= SCORE_TOLERANCE:
        return None
    return f"{came}, expected score {expected.score} ± {SCORE_TOLERANCE}"


def _entities(expected: TestExpectation, answer: Mapping[str, Any]) -> str | None:
    came = [(entity["entity"], entity["text"]) for entity in answer["entities"]]
    wanted = [(entity.entity, entity.text) for entity in expected.entities or ()]
    return None if came == wanted else f"was answered {_named(came)}, expected {_named(wanted)}"


def _generated_text(expected: TestExpectation, answer: Mapping[str, Any]) -> str | None:
    came, wanted = answer["generated_text"], expected.generated_text or ""
    return None if came.startswith(wanted) else f"was continued with {_quoted(came)}, expected {_quoted(wanted)}"


def _named(entities: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{kind} {_quoted(text)}" for kind, text in entities) or "no entities"


def _quoted(text: str) -> str:
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"
    return repr(shown)  # in one line, whatever is in it


def _mismatch(message: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.GoldenAnswerMismatch, f"{message}.")
