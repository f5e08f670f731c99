"""The contest: all candidates are tried, those in parity are measured, and the fastest wins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.contest.candidates import Choice, Untried
from transformermodel_predictor.preparation.contest.election import Standing, rank, why
from transformermodel_predictor.preparation.contest.examination import Examiner
from transformermodel_predictor.preparation.contest.measurement import Measured
from transformermodel_predictor.preparation.contest.models import Models
from transformermodel_predictor.preparation.contest.stability import Budget
from transformermodel_predictor.preparation.contest.trials import Dropped, Examination, Examined
from transformermodel_predictor.preparation.contest.verdict import Verdict
from transformermodel_predictor.preparation.golden import GoldenResult, check_golden_answers
from transformermodel_predictor.preparation.material import Material, choice_for
from transformermodel_predictor.preparation.memory import device_free_bytes, free_bytes
from transformermodel_predictor.preparation.room import least_bytes
from transformermodel_predictor.progress import Step

_CHOICE: TypeAdapter[Choice] = TypeAdapter(Choice)
_NO_ROOM = "the store has no room for it beside the other candidates: it is tried where there is more"


@dataclass(frozen=True)
class Trials:
    """The outcomes of the tried candidates, and those that are in memory."""

    choice: Choice
    examinations: tuple[Examination, ...]
    models: Models


def try_all(examiner: Examiner, material: Callable[[], Material]) -> Trials:
    """Build all candidates, and compare each with the reference. The material is loaded only if something needs it.

    Raises:
        PreparationFailed: no candidate is left: why the first one is out.
    """
    choice, reference = _from_memory(examiner, material)
    models = Models(examiner.bench, examiner.placement.device, together=_fit_together(examiner, choice))
    found = tuple(examiner.examine(candidate, models, reference) for candidate in choice.candidates)
    if not any(isinstance(one, Examined) for one in found):
        raise next(one.error() for one in found if isinstance(one, Dropped))
    return Trials(choice, found, models)


def measure_all(examiner: Examiner, trials: Trials, budget: Budget) -> tuple[Measured, ...]:
    """Measure the speed of the candidates in parity."""
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
        sentences = [_why(left, measured[0].candidate, trials), examiner.placement.note()]
        reason, device = " ".join(filter(None, sentences)), str(examiner.placement.device)
        return Verdict(candidate, reason, outcomes, measured, tuple(left), trials.choice.untried, device), golden
    raise next(iter(failures.values()))


def _why(ranked: Sequence[Standing], first: Candidate, trials: Trials) -> str:
    if any(isinstance(one, Examined) and one.parity is None for one in trials.examinations):
        return f"{first} is what the source holds. Its parity was not checked: there is no model to compare it with."
    return why(ranked, first)


def _from_memory(examiner: Examiner, material: Callable[[], Material]) -> tuple[Choice, list[Any] | None]:
    """Do all that needs the model in memory, which is freed on return: choose, build, and answer as the reference."""
    choice = examiner.bench.noted("choice", _CHOICE)
    if choice is not None and all(examiner.examined(candidate) is not None for candidate in choice.candidates):
        return choice, []
    model = material()
    questions = examiner.questions(model)  # before minutes are spent on building: what is wrong with one ends it all
    if choice is None:
        choice = examiner.bench.note("choice", _CHOICE, choice_for(examiner.request, examiner.placement, model))
    choice = _build_all(examiner, choice, model)
    return choice, examiner.reference(model, questions)


def _build_all(examiner: Examiner, choice: Choice, model: Material) -> Choice:
    """Build the candidates that fit on the disk together, since they are measured in turns.

    Returns:
        The choice without the others, also on the bench.

    Raises:
        PreparationFailed: InsufficientStorage, there is room for none.
    """
    refused: dict[Candidate, PreparationFailed] = {}
    for candidate in filter(examiner.needs_building, choice.candidates):
        try:
            _require_room(examiner, choice, candidate, model)
            examiner.build(candidate, model)
        except PreparationFailed as error:
            if error.reason is not FailureReason.InsufficientStorage:
                raise
            refused[candidate] = error
    if len(refused) == len(choice.candidates):
        raise next(iter(refused.values()))
    if not refused:
        return choice
    without = choice.without([Untried(candidate, _NO_ROOM) for candidate in refused])
    return examiner.bench.note("choice", _CHOICE, without)


def _require_room(examiner: Examiner, choice: Choice, candidate: Candidate, model: Material) -> None:
    """Refuse to build a candidate if its weights, or the size of the largest so far, do not fit on the disk.

    A full disk would be detected, too, but until then it would be full for all processes.
    """
    bench = examiner.bench
    built = (bench.size(other) for other in choice.candidates if bench.is_built(other))
    needed = max(least_bytes(model, examiner.request.task, candidate), *built, 0)
    bench.require_room(needed, str(candidate))


def _fit_together(examiner: Examiner, choice: Choice) -> bool:
    """Whether all candidates fit into half of the free memory; computing needs the other half."""
    known = [amount for amount in (free_bytes(), device_free_bytes(examiner.placement.device)) if amount is not None]
    built = [candidate for candidate in choice.candidates if examiner.bench.is_built(candidate)]
    size = sum(examiner.bench.size(candidate) for candidate in built)
    return all(2 * size <= free for free in known)
