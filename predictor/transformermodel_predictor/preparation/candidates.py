"""Which candidates a request allows, and which of those are tried. Pure.

What the manifest names is tried, whatever it costs. What it leaves to `Auto` is tried where it is cheap and can win:
Pretrained weights, with and without padding, in float32 and where the processor computes with it in bfloat16. Forms
that are compiled or converted take minutes and are tried only when they are named; so are float16 and int8, whose
errors are larger than bfloat16's gains on a CPU are worth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Engine, Format, Precision, Preparation
from transformermodel_predictor.preparation.candidate import Candidate, EngineName
from transformermodel_predictor.preparation.node import Node

Refusal = Callable[[Candidate], str | None]
"""Why a candidate cannot be built or run for the model at hand, without a full stop; None where it can."""


@dataclass(frozen=True)
class Untried:
    """A candidate that the request allows and that is not built, with the reason."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True)
class Choice:
    """What is tried, the simplest first, and what is not."""

    candidates: tuple[Candidate, ...]
    untried: tuple[Untried, ...]


def candidates_for(preparation: Preparation, offered: Sequence[Candidate], refusal: Refusal, node: Node) -> Choice:
    """The candidates of a request.

    Args:
        preparation: what the manifest names, and what it leaves to Auto.
        offered: all candidates that this version knows.
        refusal: what it says of each for the model at hand.
        node: where the model is prepared.

    Raises:
        PreparationFailed: UnsupportedForm, nothing can be tried; the message says why.
    """
    allowed = sorted((candidate for candidate in offered if _is_allowed(candidate, preparation)), key=_complexity)
    if not allowed:
        raise PreparationFailed(FailureReason.UnsupportedForm, f"{_wish(preparation)} is not known here.")
    reasons = {candidate: refusal(candidate) or _left_out(candidate, preparation, node) for candidate in allowed}
    tried = tuple(candidate for candidate in allowed if reasons[candidate] is None)
    untried = tuple(Untried(candidate, reason) for candidate, reason in reasons.items() if reason is not None)
    if not tried:
        raise PreparationFailed(FailureReason.UnsupportedForm, _why_nothing(untried))
    return Choice(tried, untried)


def _is_allowed(candidate: Candidate, preparation: Preparation) -> bool:
    """Whether a candidate is among what the manifest names; `Auto` allows all. An engine belongs to one format."""
    return (
        preparation.format in (Format.Auto, candidate.format)
        and preparation.engine.value in (Engine.Auto.value, candidate.engine.value)
        and preparation.precision in (Precision.Auto, candidate.precision)
    )


def _left_out(candidate: Candidate, preparation: Preparation, node: Node) -> str | None:
    """Why Auto does not try a candidate that could be built."""
    if preparation.format is Format.Auto and candidate.format is not Format.Pretrained:
        return "it takes long to build and is tried only where spec.preparation.format names it"
    if preparation.precision is not Precision.Auto or candidate.precision is Precision.Float32:
        return None
    if candidate.precision is not Precision.BFloat16:
        return "it is tried only where spec.preparation.precision names it"
    return None if node.computes_bfloat16 else "this processor has no instructions for bfloat16 (AMX or AVX-512 BF16)"


def _complexity(candidate: Candidate) -> tuple[int, int]:
    """Exact arithmetic is simpler than rounded, and transformers' own classes simpler than any other engine."""
    return list(Precision).index(candidate.precision), list(EngineName).index(candidate.engine)


def _wish(preparation: Preparation) -> str:
    named = {"format": preparation.format, "engine": preparation.engine, "precision": preparation.precision}
    return " with ".join(f"{name} {value}" for name, value in named.items() if value.value != "Auto")


def _why_nothing(untried: Sequence[Untried]) -> str:
    """Each reason once, with the simplest candidate that it holds of."""
    simplest: dict[str, Candidate] = {}
    for entry in untried:
        simplest.setdefault(entry.reason, entry.candidate)
    return "; ".join(f"{candidate} is unsuitable: {reason}" for reason, candidate in simplest.items()) + "."
