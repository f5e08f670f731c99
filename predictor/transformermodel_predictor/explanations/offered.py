"""Which methods a model can be explained with: each proves on the model itself what it promises."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import torch
from transformers import PreTrainedConfig

from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.objectives import ContinuationLogProbability
from transformermodel_predictor.explanations.rows import Asking
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion, Outputs

_FAILURES = (NotDifferentiable, InvalidQuestion, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""Each architecture that cannot fails in its own way."""

_WITHOUT_BASELINE = frozenset((Method.InputXGradient, Method.Saliency))
"""They look at the text alone, and so work with any."""

Combination = tuple[Method, Baseline]

_LENGTHS = (6, 13)
"""Two, as rows of different lengths run together."""
_GENERATING_LENGTHS = (6,)
"""One for language models: rows of theirs run apart by length, and each token costs hundreds of times as much."""
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
        return method in GRADIENT_METHODS and self._problem is None and (method, baseline) not in self._tried

    def trial(self, method: Method, baseline: Baseline) -> Asking[None]:
        """Explain the probes, and keep what comes of it."""
        self._tried[method, baseline] = yield from self._failure(method, baseline)

    def failed(self, method: Method, baseline: Baseline, error: Exception) -> None:
        """Keep that a trial did not come to an end.

        Raises:
            Exception: the error itself, if it is none of those in which architectures fail.
        """
        if not isinstance(error, _FAILURES):
            raise error
        self._tried[method, baseline] = one_line(error)

    def require(self, options: Options) -> None:
        """Refuse a method that the model is known not to offer.

        Raises:
            InvalidQuestion: the text says why, and what there is.
        """
        reason = self.reason_against(options.method, options.baseline)
        if reason is not None:
            raise InvalidQuestion(
                f"method {options.method} with the baseline {options.baseline} cannot be had for this model: {reason}; "
                f"there are {self._listed()}"
            )

    def reason_against(self, method: Method, baseline: Baseline) -> str | None:
        """Why a method does not work with a baseline, as far as is known; None where it does."""
        found = (self._problem or self._tried.get((method, baseline))) if method in GRADIENT_METHODS else None
        return found or _no_token(method, baseline, self._tools)

    @property
    def methods(self) -> tuple[Method, ...]:
        """Those that work with some baseline, as far as is known."""
        return tuple(method for method in Method if self.baselines(method))

    def baselines(self, method: Method) -> tuple[Baseline, ...]:
        """Those that a method works with, as far as is known."""
        return tuple(baseline for baseline in Baseline if self.reason_against(method, baseline) is None)

    def _listed(self) -> str:
        """Each method with its baselines."""
        return "; ".join(f"{method} with {' or '.join(self.baselines(method))}" for method in self.methods) or "none"

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


def probes_for(configuration: PreTrainedConfig, *, generates: bool = False) -> tuple[Target, ...]:
    """Sequences of random tokens, the same at each start, with an objective that the model has whatever its head.

    Args:
        configuration: the model's.
        generates: whether its logits are of tokens that follow. Then one of them is looked at, as explanations do: all
            logits of a vocabulary together change so restlessly on the way that hundreds of steps would be needed.
    """
    size: int = configuration.get_text_config().vocab_size
    tokens = [token for token in range(size) if token != getattr(configuration, "pad_token_id", None)]
    random = Random(0)  # noqa: S311 - no secret
    return tuple(
        Target(
            name="probe",
            encoding=Encoding({"input_ids": random.choices(tokens, k=length)}),
            objective=ContinuationLogProbability((length - 1,), (random.choice(tokens),)) if generates else _Mixture(),
            score=1.0,
            features=(None, *range(length - 2), None),
        )
        for length in (_GENERATING_LENGTHS if generates else _LENGTHS)
    )


class _Mixture:
    """All logits, each with another weight, so that none cancels another."""

    def value(self, outputs: Outputs) -> torch.Tensor:
        """Their weighed sum."""
        logits = [outputs[name].flatten() for name in sorted(outputs) if name.endswith("logits")]
        every = torch.cat(logits)
        return (every * torch.arange(1, len(every) + 1, dtype=every.dtype, device=every.device).cos()).sum()


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
        return f"its values do not sum to what they should: {abs(found.delta) / size:.0%} off after {found.steps} steps"
    return None
