"""The contest of the candidates: all are tried, those in parity are measured, the fastest is taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.preparation.candidate import Candidate
from transformermodel_predictor.preparation.candidates import Choice
from transformermodel_predictor.preparation.election import Standing, rank, why
from transformermodel_predictor.preparation.examination import Examiner
from transformermodel_predictor.preparation.golden import GoldenResult, check_golden_answers
from transformermodel_predictor.preparation.material import Material, choice_for
from transformermodel_predictor.preparation.measurement import Measured
from transformermodel_predictor.preparation.memory import free_bytes
from transformermodel_predictor.preparation.models import Models
from transformermodel_predictor.preparation.progress import Step
from transformermodel_predictor.preparation.stability import Budget
from transformermodel_predictor.preparation.trials import Dropped, Examination, Examined
from transformermodel_predictor.preparation.verdict import Verdict

_CHOICE: TypeAdapter[Choice] = TypeAdapter(Choice)


@dataclass(frozen=True)
class Trials:
    """What became of the candidates that were tried, and those of them that are in memory."""

    choice: Choice
    examinations: tuple[Examination, ...]
    models: Models


def try_all(examiner: Examiner, material: Callable[[], Material]) -> Trials:
    """Build all candidates and compare each with the reference. The material is had only if something needs it.

    Raises:
        PreparationFailed: no candidate is left: why the first one is out.
    """
    choice, reference = _from_memory(examiner, material)
    models = Models(examiner.bench, together=_fit_together(examiner, choice))
    found = tuple(examiner.examine(candidate, models, reference) for candidate in choice.candidates)
    if not any(isinstance(one, Examined) for one in found):
        raise next(one.error() for one in found if isinstance(one, Dropped))
    return Trials(choice, found, models)


def measure_all(examiner: Examiner, trials: Trials, budget: Budget) -> tuple[Measured, ...]:
    """How fast the candidates in parity are."""
    in_parity = [one.candidate for one in trials.examinations if isinstance(one, Examined)]
    return examiner.measure(in_parity, trials.models, budget)


def elect(
    examiner: Examiner, trials: Trials, measured: tuple[Measured, ...]
) -> tuple[Verdict, tuple[GoldenResult, ...]]:
    """The fastest candidate that gives all golden answers.

    Raises:
        PreparationFailed: GoldenAnswerMismatch, none does; how the fastest one fails.
    """
    tests = examiner.request.tests
    examiner.progress.step(Step.Test, f"{len(tests)} golden answers")
    left, failures = list(rank(measured)), dict[Any, PreparationFailed]()
    while left:
        candidate = left[0].candidate
        try:
            golden = check_golden_answers(tests, trials.models.get(candidate).answer)
        except PreparationFailed as error:
            failures[candidate] = error
            left.pop(0)
            continue
        outcomes = tuple(
            Dropped.because(one.candidate, failures[one.candidate]) if one.candidate in failures else one
            for one in trials.examinations
        )
        reason = _why(left, measured[0].candidate, trials)
        return Verdict(candidate, reason, outcomes, measured, tuple(left), trials.choice.untried), golden
    raise next(iter(failures.values()))


def _why(ranked: Sequence[Standing], first: Candidate, trials: Trials) -> str:
    if any(isinstance(one, Examined) and one.parity is None for one in trials.examinations):
        return f"{first} is what the source holds. Its parity was not checked: there is no model to compare it with."
    return why(ranked, first)


def _from_memory(examiner: Examiner, material: Callable[[], Material]) -> tuple[Choice, list[Any] | None]:
    """What needs the model in memory: the choice, the builds and the reference's answers. The return frees it."""
    choice = examiner.bench.noted("choice", _CHOICE)
    if choice is not None and all(examiner.examined(candidate) is not None for candidate in choice.candidates):
        return choice, []
    model = material()
    if choice is None:
        choice = examiner.bench.note("choice", _CHOICE, choice_for(examiner.request, model))
    for candidate in choice.candidates:
        examiner.build(candidate, model)
    return choice, examiner.reference(model)


def _fit_together(examiner: Examiner, choice: Choice) -> bool:
    """Whether all candidates fit into half of the free memory; what they compute needs the rest."""
    free = free_bytes()
    built = [candidate for candidate in choice.candidates if examiner.bench.is_built(candidate)]
    size = sum(examiner.bench.size(candidate) for candidate in built)
    return free is None or 2 * size <= free
