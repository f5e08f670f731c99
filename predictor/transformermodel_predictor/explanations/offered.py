"""Which methods a model can be explained with: each proves on the model itself what it promises."""

from collections.abc import Sequence
from dataclasses import replace

from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.rows import Asking
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import InvalidQuestion

_TOLD = (NotDifferentiable, InvalidQuestion, ArithmeticError)
"""What says itself why a method does not work."""
_FAILURES = (*_TOLD, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""Each architecture that cannot fails in its own way."""

_WITHOUT_BASELINE = frozenset((Method.InputXGradient, Method.Saliency))
"""They look at the text alone, and so work with any."""

Combination = tuple[Method, Baseline | None]
"""Without a baseline where the method has none."""

_TRIALS = (Options(steps=16, most_steps=128), Options(steps=64, most_steps=512))
"""The second only where the first does not suffice: near an embedding that a normalization cannot scale, gradients
change so fast that hundreds of steps are needed."""
_TOLERANCE = 0.02
"""Largest delta as a share of the sum of the values' sizes: random tokens may leave the objective nearly unchanged."""


class Offered:
    """What can be asked of a model.

    Gradient methods need gradients that are finite and not all zero, integrated gradients completeness besides; they
    are tried when they are first asked for, as that takes seconds. Methods that leave words out promise nothing about
    the architecture: they need a token for it.

    Args:
        tools: as the methods have them.
        probes: what is explained for a trial.
        problem: why there are no gradients; None where there are.
    """

    def __init__(self, tools: Tools, probes: Sequence[Target] = (), problem: str | None = None) -> None:
        self._tools = tools
        self._probes = probes
        self._problem = problem
        self._tried: dict[Combination, str | None] = {}

    def untried(self, method: Method, baseline: Baseline) -> bool:
        """Whether a trial has to tell whether a method works with a baseline."""
        gradients = method in GRADIENT_METHODS and self._problem is None
        return gradients and _combination(method, baseline) not in self._tried

    def trial(self, method: Method, baseline: Baseline) -> Asking[None]:
        """Explain the probes, and keep what comes of it."""
        self._tried[_combination(method, baseline)] = yield from self._failure(method, baseline)

    def failed(self, method: Method, baseline: Baseline, error: Exception) -> None:
        """Keep that a trial did not come to an end.

        Raises:
            Exception: the error itself, if it is none of those in which architectures fail.
        """
        if not isinstance(error, _FAILURES):
            raise error
        reason = one_line(error).rstrip(".")
        told = isinstance(error, _TOLD)
        self._tried[_combination(method, baseline)] = (
            reason if told else f"it fails on random tokens ({type(error).__name__}: {reason})"
        )

    def require(self, options: Options) -> None:
        """Refuse a method that the model is known not to offer.

        Raises:
            InvalidQuestion: the text says why, and what there is.
        """
        method, baseline = options.method, options.baseline
        reason = self.reason_against(method, baseline)
        if reason is not None:
            raise InvalidQuestion(
                f"method {_named(method, [baseline])} cannot be had for this model: {reason}; {self._possible()}"
            )

    def reason_against(self, method: Method, baseline: Baseline) -> str | None:
        """Why a method does not work with a baseline, as far as is known; None where it does."""
        tried = self._tried.get(_combination(method, baseline))
        found = (self._problem or tried) if method in GRADIENT_METHODS else None
        return found or _no_token(method, baseline, self._tools)

    @property
    def methods(self) -> tuple[Method, ...]:
        """Those that work with some baseline, as far as is known."""
        return tuple(method for method in Method if self.baselines(method))

    def baselines(self, method: Method) -> tuple[Baseline, ...]:
        """Those that a method works with, as far as is known."""
        return tuple(baseline for baseline in Baseline if self.reason_against(method, baseline) is None)

    def _possible(self) -> str:
        """Each method with its baselines; those apart of which only a trial can tell."""
        works: list[str] = []
        may: list[str] = []
        for method in self.methods:
            baselines = self.baselines(method)
            untried = [baseline for baseline in baselines if self.untried(method, baseline)]
            for names, found in ((works, [one for one in baselines if one not in untried]), (may, untried)):
                names += [_named(method, found)] if found else []
        told = [f"there are {'; '.join(works)}"] if works else []
        told += [f"not tried yet are {'; '.join(may)}"] if may else []
        return "; ".join(told) or "and there is no other"

    def _failure(self, method: Method, baseline: Baseline) -> Asking[str | None]:
        """Why a gradient method does not do what it promises; None where it does."""
        for probe in self._probes:
            reason = None
            for trial in _TRIALS:
                options = replace(trial, method=method, baseline=baseline)
                reason = _misses((yield from METHODS[method](probe, options, self._tools)))
                if reason is None:
                    break
            if reason is not None:
                return reason
        return None


def _combination(method: Method, baseline: Baseline) -> Combination:
    """What a trial of a method with a baseline is a trial of."""
    return method, None if method in _WITHOUT_BASELINE else baseline


def _named(method: Method, baselines: Sequence[Baseline]) -> str:
    """A method with its baselines, as a client is told of it."""
    return str(method) if method in _WITHOUT_BASELINE else f"{method} with the baseline {' or '.join(baselines)}"


def _no_token(method: Method, baseline: Baseline, tools: Tools) -> str | None:
    if method in _WITHOUT_BASELINE or baseline in tools.stand_ins:
        return None
    if baseline is not Baseline.Zero:
        return f"the tokenizer has no {baseline} token"
    return None if method in GRADIENT_METHODS else "it is an embedding, not a token"


def _misses(found: Attribution) -> str | None:
    """What is wrong with an attribution of random tokens."""
    size = sum(map(abs, found.values))
    if size == 0:
        return "its values are all zero"
    if found.delta is not None and abs(found.delta) > _TOLERANCE * size:
        return (
            f"its values do not sum to what they should: {abs(found.delta) / size:.0%} off after {found.steps} steps "
            "(gradients do not see jumps, such as those from one expert of a mixture to another)"
        )
    return None
