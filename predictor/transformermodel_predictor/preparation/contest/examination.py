"""Builds, compares and measures the candidates of one preparation.

Results on the bench are reused. A candidate that fails for a reason of its own is dropped; the others continue.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.directory import seal
from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.bench import Bench
from transformermodel_predictor.preparation.build import build
from transformermodel_predictor.preparation.contest.asking import AnyModel, StepLimits, ask, ask_reference
from transformermodel_predictor.preparation.contest.courses import course_of
from transformermodel_predictor.preparation.contest.measurement import (
    Course,
    Measured,
    contenders,
    first_rounds,
    run_until_stable,
)
from transformermodel_predictor.preparation.contest.models import Models
from transformermodel_predictor.preparation.contest.parity import compare, tolerance_of
from transformermodel_predictor.preparation.contest.samples import Samples
from transformermodel_predictor.preparation.contest.stability import Budget
from transformermodel_predictor.preparation.contest.trials import Dropped, Examination, Examined
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.material import Material
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.preparation.placement import Placement
from transformermodel_predictor.preparation.torchserve_script.traced import Traced
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.progress import Progress, Step
from transformermodel_predictor.resources import resources_classified
from transformermodel_predictor.tasks.catalogue import AnyTask, TaskConfiguration, make_task
from transformermodel_predictor.tasks.task import InvalidQuestion

_LIMITS = StepLimits()
_EXAMINATION: TypeAdapter[Examination] = TypeAdapter(Examination)
_MEASURED: TypeAdapter[tuple[Measured, ...]] = TypeAdapter(tuple[Measured, ...])


@dataclass(frozen=True)
class Examiner:
    """Builds and examines the candidates of a preparation.

    Attributes:
        request: what is asked for.
        bench: where candidates are built and results are noted.
        samples: the user's questions.
        placement: where the model will run, and on which device candidates are examined.
        provenance: of a candidate's artifact.
        progress: who watches.
    """

    request: PreparationRequest
    bench: Bench
    samples: Samples
    placement: Placement
    provenance: Callable[[Candidate], Provenance]
    progress: Progress

    def examined(self, candidate: Candidate) -> Examination | None:
        """The recorded outcome of a candidate, if any; one that has left the bench must be built again.

        Publishing moves it off the bench, and the process may be killed before the store knows its input.
        """
        known = self.bench.noted(candidate.slug, _EXAMINATION)
        return None if isinstance(known, Examined) and not self.bench.is_built(candidate) else known

    def needs_building(self, candidate: Candidate) -> bool:
        """Whether a candidate is yet to be built: it is neither on the bench nor dropped."""
        return self.examined(candidate) is None and not self.bench.is_built(candidate)

    def build(self, candidate: Candidate, material: Material) -> None:
        """Write and seal a candidate's files.

        Raises:
            PreparationFailed: for a reason that is not the candidate's own; its files are removed.
        """
        self.progress.step(Step.Build, str(candidate))
        place = self.bench.clear(candidate)
        try:
            with resources_classified(place):
                build(material, self.request.task, candidate, place, self._place)
                seal(place, self.provenance(candidate))
        except PreparationFailed as error:
            self.bench.clear(candidate)
            self._drop(candidate, error)

    def questions(self, material: Material) -> list[Any]:
        """The questions for the model in memory; none if there is no such model.

        Raises:
            PreparationFailed: a sample cannot be asked, or the model has no room for any question.
        """
        if isinstance(material, Traced):
            return []
        return self.samples.questions(self._task(material), material.tokenizer)

    def reference(self, material: Material, questions: Sequence[Any]) -> list[Any] | None:
        """The answers of the float32 model in memory, each question asked alone, without padding.

        None if there is no such model.
        """
        if isinstance(material, Traced):
            return None
        self.progress.step(Step.Compare, "the float32 reference")
        return ask_reference(material, self._task(material), questions)

    def examine(self, candidate: Candidate, models: Models, reference: Sequence[Any] | None) -> Examination:
        """Load a candidate, and compare its answers with the reference's; without those, only check that it answers."""
        known = self.examined(candidate)
        if known is not None:
            return known
        self.progress.step(Step.Compare, str(candidate))
        try:
            found = self._examine(candidate, models, reference)
        except PreparationFailed as error:
            found = self._drop(candidate, error)
        if isinstance(found, Dropped):
            models.remove(candidate)
        return self.bench.note(candidate.slug, _EXAMINATION, found)

    def measure(self, candidates: Sequence[Candidate], models: Models, budget: Budget) -> tuple[Measured, ...]:
        """Measure the candidates' speed in turns, or one after another if memory is short."""
        known = self.bench.noted("measured", _MEASURED)
        if known is not None:
            return known
        self.progress.step(Step.Measure, ", ".join(str(candidate) for candidate in candidates))
        if len(candidates) == 1:
            budget = budget.without_rivals()
        groups = [candidates] if models.together else [[candidate] for candidate in candidates]
        measured = tuple(one for group in groups for one in self._race(group, models, budget))
        return self.bench.note("measured", _MEASURED, measured)

    @property
    def _place(self) -> Place:
        return Place(self.placement.target, self.request.preparation.batch_size)

    def _task(self, merged: Merged) -> AnyTask:
        return make_task(self.request.task, TaskConfiguration.of(merged.configuration, merged.labels))

    def _race(self, candidates: Sequence[Candidate], models: Models, budget: Budget) -> tuple[Measured, ...]:
        """Measure candidates in turns. Clearly slower ones drop out early, and are freed from memory."""
        courses = [self._course(candidate, models) for candidate in candidates]
        timings = first_rounds(courses, budget.first_rounds)
        near = contenders(timings, budget.margin)
        courses = [course for course in courses if course.candidate in near]
        for candidate in candidates:
            if candidate not in near:
                models.release(candidate)
        run_until_stable(courses, [one for one in timings if one.candidate in near], budget)
        return tuple(one.measured(contender=one.candidate in near) for one in timings)

    def _course(self, candidate: Candidate, models: Models) -> Course:
        warm = models.holds(candidate)  # it was asked when it was compared
        model = models.get(candidate)
        return replace(
            course_of(candidate, model, self.samples.questions(model.task, model.tokenizer), _LIMITS), warm=warm
        )

    def _examine(self, candidate: Candidate, models: Models, reference: Sequence[Any] | None) -> Examination:
        model, load = models.load(candidate)
        answers = _answers(model, self.samples.questions(model.task, model.tokenizer))
        if reference is None:
            return Examined(candidate, None, load, model.artifact.manifest.size)
        tolerance = tolerance_of(self.request.preparation, candidate.precision)
        parity = compare(model.task, reference, answers, tolerance)
        if parity.problem is not None:
            return Dropped(candidate, FailureReason.ParityFailed.name, f"{parity.problem}.", parity)
        return Examined(candidate, parity, load, model.artifact.manifest.size)

    def _drop(self, candidate: Candidate, error: PreparationFailed) -> Dropped:
        dropped = Dropped.because(candidate, error)
        self.bench.note(candidate.slug, _EXAMINATION, dropped)
        return dropped


def _answers(model: AnyModel, questions: Sequence[Any]) -> list[Any]:
    """What a candidate answers.

    Raises:
        PreparationFailed: ParityFailed, its numbers are not finite; UnsupportedForm, it breaks off, as an architecture
            does whose code mixes precisions, or a graph that was traced on other shapes.
    """
    try:
        with resources_classified():
            return ask(model, questions, _LIMITS)
    except ArithmeticError as error:
        raise PreparationFailed(FailureReason.ParityFailed, f"{error}.") from error
    except (PreparationFailed, InvalidQuestion):
        raise
    except Exception as error:  # each architecture and each runtime fails in its own way
        raise PreparationFailed(
            FailureReason.UnsupportedForm, f"it fails where it is asked ({type(error).__name__}: {one_line(error)})."
        ) from error
