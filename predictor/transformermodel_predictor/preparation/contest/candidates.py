"""Which candidates a request allows, and which of them are tried. Pure.

What the manifest names is tried, whatever it costs. `Auto` tries what can win and takes seconds: Pretrained weights,
packed and padded; for architectures that cannot be packed, also traced graphs (TorchScript, ONNX); in float32, in
bfloat16 if the processor computes in it, and in int8 if the user's own samples verify the answers. Ahead-of-time
compilation takes minutes, and is tried only if named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Engine, Format, Precision, Preparation
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.preparation.node import Node

_TRACED = (Format.TorchScript, Format.ONNX)
_COPIES = 4
"""Peak number of copies of a model's weights in memory while it is traced, its own included."""
_SLOWER_THAN_BFLOAT16 = frozenset({Candidate(Format.TorchScript, EngineName.TorchScript, Precision.Float32)})
"""It gains at most a tenth over the same arithmetic in the Pretrained engine, whose bfloat16 gains more."""

Refusal = Callable[[Candidate], str | None]
"""Why a candidate cannot be built or run for the model at hand, without a full stop; None where it can."""


@dataclass(frozen=True)
class Model:
    """What Auto's choice depends on in a model.

    Attributes:
        weights: bytes in memory, as far as they are known.
        generates: whether it writes text, pass by pass.
    """

    weights: int = 0
    generates: bool = False


@dataclass(frozen=True)
class Untried:
    """A candidate that the request allows but that is not built, with the reason."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True)
class Choice:
    """What is tried, the simplest first, and what is not."""

    candidates: tuple[Candidate, ...]
    untried: tuple[Untried, ...]

    def without(self, left_out: Sequence[Untried]) -> "Choice":
        """The same choice, with these candidates not tried."""
        out = {entry.candidate for entry in left_out}
        return Choice(tuple(one for one in self.candidates if one not in out), (*self.untried, *left_out))


def candidates_for(
    preparation: Preparation,
    offered: Sequence[Candidate],
    refusal: Refusal,
    node: Node,
    model: Model = Model(),
) -> Choice:
    """The candidates of a request.

    Args:
        preparation: what the manifest names, and what it leaves to Auto.
        offered: all candidates that this version knows.
        refusal: what it says of each for the model at hand.
        node: where the model is prepared.
        model: what is prepared.

    Raises:
        PreparationFailed: UnsupportedForm, nothing can be tried; the message says why.
    """
    allowed = sorted((candidate for candidate in offered if _is_allowed(candidate, preparation)), key=_complexity)
    if not allowed:
        raise PreparationFailed(FailureReason.UnsupportedForm, f"{_wish(preparation)} is not known here.")
    refused = {candidate: refusal(candidate) for candidate in allowed}
    packs = any(candidate.engine is EngineName.Packed and reason is None for candidate, reason in refused.items())
    reasons = {
        candidate: refused[candidate] or _left_out(candidate, preparation, node, model, packs=packs)
        for candidate in allowed
    }
    tried = tuple(candidate for candidate in allowed if reasons[candidate] is None)
    untried = tuple(Untried(candidate, reason) for candidate, reason in reasons.items() if reason is not None)
    if not tried:
        raise PreparationFailed(FailureReason.UnsupportedForm, _why_nothing(untried))
    return Choice(tried, untried)


def _is_allowed(candidate: Candidate, preparation: Preparation) -> bool:
    """Whether the manifest allows a candidate; `Auto` allows all. An engine belongs to one format."""
    return (
        preparation.format in (Format.Auto, candidate.format)
        and preparation.engine.value in (Engine.Auto.value, candidate.engine.value)
        and preparation.precision in (Precision.Auto, candidate.precision)
    )


def _left_out(candidate: Candidate, preparation: Preparation, node: Node, model: Model, *, packs: bool) -> str | None:
    """Why Auto does not try a candidate that could be built."""
    if preparation.format is Format.Auto and candidate.format is not Format.Pretrained:
        reason = _form_left_out(candidate, node, model, packs=packs)
        if reason is not None:
            return f"{reason}: it is tried only where spec.preparation.format names it"
    return _precision_left_out(candidate, preparation, node) if preparation.precision is Precision.Auto else None


def _form_left_out(candidate: Candidate, node: Node, model: Model, *, packs: bool) -> str | None:
    if candidate.format not in _TRACED:
        return "compiling it takes minutes"
    if packs:
        return "the packed engine runs this architecture, and no traced graph is as fast"
    if model.generates:
        return "tracing and comparing a graph that generates text takes minutes"
    if node.free_bytes is not None and model.weights * _COPIES > node.free_bytes:
        return (
            f"tracing it takes up to {_COPIES} times the memory of its weights ({model.weights / 2**30:.1f} GiB), and "
            f"{node.free_bytes / 2**30:.1f} GiB are free"
        )
    if candidate in _SLOWER_THAN_BFLOAT16 and node.computes_bfloat16:
        return "this processor computes faster in bfloat16, and Pretrained is as fast in float32"
    return None


def _precision_left_out(candidate: Candidate, preparation: Preparation, node: Node) -> str | None:
    if candidate.precision is Precision.BFloat16 and not node.computes_bfloat16:
        return "this processor has no instructions for bfloat16 (AMX or AVX-512 BF16)"
    if candidate.precision is Precision.Float16:
        return "it is tried only where spec.preparation.precision names it"
    if candidate.precision is Precision.Int8 and not (preparation.parity and preparation.parity.samples_uri):
        return (
            "a few built-in questions cannot tell whether 8 bit change answers: it is tried where "
            "spec.preparation.parity.samplesUri names samples of your own, or spec.preparation.precision names it"
        )
    return None


def _complexity(candidate: Candidate) -> tuple[int, int]:
    """The sort key: exact arithmetic before rounded, and transformers' own classes before any other engine."""
    return list(Precision).index(candidate.precision), list(EngineName).index(candidate.engine)


def _wish(preparation: Preparation) -> str:
    named = {"format": preparation.format, "engine": preparation.engine, "precision": preparation.precision}
    return " with ".join(f"{name} {value}" for name, value in named.items() if value.value != "Auto")


def _why_nothing(untried: Sequence[Untried]) -> str:
    """Each reason once, with the simplest candidate it applies to."""
    simplest: dict[str, Candidate] = {}
    for entry in untried:
        simplest.setdefault(entry.reason, entry.candidate)
    return "; ".join(f"{candidate} is unsuitable: {reason}" for reason, candidate in simplest.items()) + "."
