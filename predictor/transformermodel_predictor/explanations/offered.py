"""Which methods a model can be explained with: each proves on the model itself, when it is loaded, what it promises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from random import Random

import torch
from transformers import PreTrainedConfig

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion, Outputs

_FAILURES = (NotDifferentiable, InvalidQuestion, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""Each architecture that cannot fails in its own way."""

Combination = tuple[Method, Baseline]

_LENGTHS = (6, 13)
_TRIALS = (Options(steps=16, most_steps=128), Options(steps=64, most_steps=512))
"""The second only where the first does not suffice: near an embedding that a normalization cannot scale, gradients
change so fast that hundreds of steps are needed."""
_TOLERANCE = 0.02
"""Largest delta as a share of the sum of the values' sizes: random tokens may leave the objective nearly unchanged."""


@dataclass(frozen=True)
class Offered:
    """What can be asked of a model.

    Attributes:
        combinations: methods and baselines that work.
        refused: why each other combination does not.
    """

    combinations: frozenset[Combination]
    refused: Mapping[Combination, str]

    @property
    def methods(self) -> tuple[Method, ...]:
        """Those that work with some baseline."""
        return tuple(method for method in Method if self.baselines(method))

    def baselines(self, method: Method) -> tuple[Baseline, ...]:
        """Those that a method works with."""
        return tuple(baseline for baseline in Baseline if (method, baseline) in self.combinations)


def offered(engine: Engine, twin: Twin | None, tools: Tools, probes: Sequence[Target]) -> Offered:
    """Try what promises something, and offer what keeps it.

    Gradient methods need gradients that are finite and not all zero, integrated gradients completeness besides. Methods
    that leave words out promise nothing about the architecture: they need a token for it.

    Args:
        engine: what serves.
        twin: the model's; None where it has none.
        tools: as the methods have them.
        probes: what is explained for a trial.
    """
    refused = dict(_refused(engine, twin, tools, probes))
    every = frozenset((method, baseline) for method in Method for baseline in Baseline)
    return Offered(every - refused.keys(), refused)


def probes_for(configuration: PreTrainedConfig) -> tuple[Target, ...]:
    """Sequences of random tokens, the same at each start, with an objective that every task's model has."""
    size: int = configuration.get_text_config().vocab_size
    tokens = [token for token in range(size) if token != getattr(configuration, "pad_token_id", None)]
    random = Random(0)  # noqa: S311 - no secret
    return tuple(
        Target(
            name="probe",
            encoding=Encoding({"input_ids": random.choices(tokens, k=length)}),
            objective=_Mixture(),
            score=1.0,
            features=(None, *range(length - 2), None),
        )
        for length in _LENGTHS
    )


class _Mixture:
    """All logits, each with another weight, so that none cancels another."""

    def value(self, outputs: Outputs) -> torch.Tensor:
        """Their weighed sum."""
        logits = [outputs[name].flatten() for name in sorted(outputs) if name.endswith("logits")]
        every = torch.cat(logits)
        return (every * torch.arange(1, len(every) + 1, dtype=every.dtype, device=every.device).cos()).sum()


def _refused(
    engine: Engine, twin: Twin | None, tools: Tools, probes: Sequence[Target]
) -> Iterator[tuple[Combination, str]]:
    for method in Method:
        for baseline in Baseline:
            reason = (
                _no_token(baseline, tools)
                if method not in GRADIENT_METHODS
                else "the model has no differentiable twin"
                if twin is None
                else _failure(method, baseline, engine, twin, tools, probes)
            )
            if reason:
                yield (method, baseline), reason


def _no_token(baseline: Baseline, tools: Tools) -> str | None:
    if baseline in tools.stand_ins:
        return None
    return "it is an embedding, not a token" if baseline is Baseline.Zero else f"the tokenizer has no {baseline} token"


def _failure(
    method: Method, baseline: Baseline, engine: Engine, twin: Twin, tools: Tools, probes: Sequence[Target]
) -> str | None:
    """Why a gradient method does not do what it promises; None where it does."""
    try:
        for probe in probes:
            asked = (replace(trial, method=method, baseline=baseline) for trial in _TRIALS)
            found = (drive(METHODS[method](probe, options, tools), engine, twin) for options in asked)
            reasons = list(takewhile(bool, map(_misses, found)))
            if len(reasons) == len(_TRIALS):
                return reasons[-1]
    except _FAILURES as error:
        return one_line(error)
    return None


def _misses(found: Attribution) -> str | None:
    """What is wrong with an attribution of random tokens."""
    size = sum(map(abs, found.values))
    if size == 0:
        return "its values are all zero"
    if found.delta is not None and abs(found.delta) > _TOLERANCE * size:
        return f"its values do not sum to what they should: {abs(found.delta) / size:.0%} off after {found.steps} steps"
    return None
