"""Which attribution methods are available for a model: gradient methods are tried on the model itself."""

from collections.abc import Sequence
from dataclasses import replace

from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.rows import RowGenerator
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import InvalidQuestion

_SELF_EXPLANATORY = (NotDifferentiable, InvalidQuestion, ArithmeticError)
"""Errors whose message says why the method does not work."""
_FAILURES = (*_SELF_EXPLANATORY, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""Errors that mean the method does not work: every unsuitable architecture fails in its own way."""

_WITHOUT_BASELINE = frozenset((Method.InputXGradient, Method.Saliency))
"""Methods that evaluate the text alone, so that the baseline does not matter."""

Combination = tuple[Method, Baseline | None]
"""A method with its baseline; None where the method uses none."""

_TRIALS = (Options(steps=16, most_steps=128), Options(steps=64, most_steps=512))
"""The second only if the first fails: near an embedding of almost zero variance, a layer norm's gradient changes so
fast that hundreds of steps are needed."""
_TOLERANCE = 0.02
"""Largest delta, relative to the sum of absolute attributions: with random tokens the objective may hardly change."""


class AvailableMethods:
    """The methods and baselines available for one model.

    Gradient methods need finite gradients that are not all zero, integrated gradients also completeness; each is tried
    on its first request, since that takes seconds. Perturbation methods work with every architecture: they only need
    the baseline token.

    Args:
        access: the model as methods see it.
        probes: targets that gradient methods are tried on.
        problem: why the model has no gradients; None where it has.
    """

    def __init__(self, access: ModelAccess, probes: Sequence[Target] = (), problem: str | None = None) -> None:
        self._access = access
        self._probes = probes
        self._problem = problem
        self._tried: dict[Combination, str | None] = {}

    def untried(self, method: Method, baseline: Baseline) -> bool:
        """Whether the method with this baseline still needs a trial."""
        gradients = method in GRADIENT_METHODS and self._problem is None
        return gradients and _combination(method, baseline) not in self._tried

    def trial(self, method: Method, baseline: Baseline) -> RowGenerator[None]:
        """Explain the probes, and record whether the method works."""
        self._tried[_combination(method, baseline)] = yield from self._failure(method, baseline)

    def record_failure(self, method: Method, baseline: Baseline, error: Exception) -> None:
        """Record that a trial raised an error.

        Raises:
            Exception: the error itself, if it does not mean that the method fails on this architecture.
        """
        if not isinstance(error, _FAILURES):
            raise error
        reason = one_line(error).rstrip(".")
        if not isinstance(error, _SELF_EXPLANATORY):
            reason = f"it fails on random tokens ({type(error).__name__}: {reason})"
        self._tried[_combination(method, baseline)] = reason

    def require(self, options: Options) -> None:
        """Refuse a method that is known not to be available.

        Raises:
            InvalidQuestion: the message says why, and which methods are available.
        """
        method, baseline = options.method, options.baseline
        reason = self.reason_against(method, baseline)
        if reason is not None:
            raise InvalidQuestion(
                f"method {_named(method, [baseline])} is not available for this model: {reason}; {self._possible()}"
            )

    def reason_against(self, method: Method, baseline: Baseline) -> str | None:
        """Why a method does not work with a baseline, as far as is known; None where it does."""
        gradient_problem = self._problem or self._tried.get(_combination(method, baseline))
        problem = gradient_problem if method in GRADIENT_METHODS else None
        return problem or _no_token(method, baseline, self._access)

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods that work with at least one baseline, as far as is known."""
        return tuple(method for method in Method if self.baselines(method))

    def baselines(self, method: Method) -> tuple[Baseline, ...]:
        """The baselines that a method works with, as far as is known."""
        return tuple(baseline for baseline in Baseline if self.reason_against(method, baseline) is None)

    def _possible(self) -> str:
        """The available methods with their baselines, and apart from them those not tried yet, for a message."""
        working: list[str] = []
        untried: list[str] = []
        for method in self.methods:
            by_trial: dict[bool, list[Baseline]] = {False: [], True: []}
            for baseline in self.baselines(method):
                by_trial[self.untried(method, baseline)].append(baseline)
            working += [_named(method, by_trial[False])] if by_trial[False] else []
            untried += [_named(method, by_trial[True])] if by_trial[True] else []
        clauses = [f"there are {'; '.join(working)}"] if working else []
        clauses += [f"not tried yet are {'; '.join(untried)}"] if untried else []
        return "; ".join(clauses) or "and there is no other"

    def _failure(self, method: Method, baseline: Baseline) -> RowGenerator[str | None]:
        """Try a gradient method on the probes: why it does not work, or None."""
        for probe in self._probes:
            reason = None
            for trial in _TRIALS:
                options = replace(trial, method=method, baseline=baseline)
                reason = _problem_of((yield from METHODS[method](probe, options, self._access)))
                if reason is None:
                    break
            if reason is not None:
                return reason
        return None


def _combination(method: Method, baseline: Baseline) -> Combination:
    """The key under which a trial's outcome is recorded."""
    return method, None if method in _WITHOUT_BASELINE else baseline


def _named(method: Method, baselines: Sequence[Baseline]) -> str:
    """A method with its baselines, for a message."""
    return str(method) if method in _WITHOUT_BASELINE else f"{method} with the baseline {' or '.join(baselines)}"


def _no_token(method: Method, baseline: Baseline, access: ModelAccess) -> str | None:
    if method in _WITHOUT_BASELINE or baseline in access.baseline_tokens:
        return None
    if baseline is not Baseline.Zero:
        return f"the tokenizer has no {baseline} token"
    return None if method in GRADIENT_METHODS else "it is an embedding, not a token"


def _problem_of(attribution: Attribution) -> str | None:
    """What is wrong with an attribution of random tokens, or None."""
    total, delta = sum(map(abs, attribution.values)), attribution.delta
    if total == 0:
        return "its values are all zero"
    if delta is not None and abs(delta) > _TOLERANCE * total:
        return (
            f"its values do not sum to what they should: {abs(delta) / total:.0%} off after {attribution.steps} steps "
            "(gradients do not see jumps, such as those from one expert of a mixture to another)"
        )
    return None
