"""What is asked for when an answer is to be explained, and what is told. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from transformermodel_api.explanation_defaults import default_method
from transformermodel_api.explanations import Explanations
from transformermodel_api.spec import TaskName


class Method(StrEnum):
    """The ways to attribute: values are their names in requests, the members' own names those in the resource."""

    IntegratedGradients = "integrated_gradients"
    InputXGradient = "input_x_gradient"
    Saliency = "saliency"
    FeatureAblation = "feature_ablation"
    ShapleySampling = "shapley_sampling"
    KernelShap = "kernel_shap"
    Lime = "lime"


GRADIENT_METHODS = frozenset((Method.IntegratedGradients, Method.InputXGradient, Method.Saliency))
"""Those that need gradients, and with them a differentiable twin of the model; the others ask the serving engine."""


class Baseline(StrEnum):
    """What stands for a token that is not there; named as `Method` is."""

    Pad = "pad"
    Mask = "mask"
    Zero = "zero"


@dataclass(frozen=True)
class Options:
    """How an explanation is computed.

    Attributes:
        method: the way to attribute.
        baseline: what stands for a token that is not there. Zero is an embedding of zeros, for gradient methods only.
        steps: interpolation steps to begin with; they grow while the delta is over the tolerance.
        most_steps: where growing ends.
        tolerance: largest delta as a share of the difference of the score between text and baseline.
        samples: permutations of Shapley sampling, and evaluations of KernelSHAP and LIME; by the number of features
            when None.
        seed: of those samples.
    """

    method: Method = Method.IntegratedGradients
    baseline: Baseline = Baseline.Pad
    steps: int = 12
    most_steps: int = 256
    tolerance: float = 0.02
    samples: int | None = None
    seed: int = 0

    @classmethod
    def of(cls, explanations: Explanations, task: TaskName) -> Self:
        """What spec.predictor.explanations says, and the task's defaults, within its limits, where it says nothing."""
        most = min(cls.most_steps, explanations.limits.steps)
        begin = explanations.steps or min(cls.steps, explanations.max_steps or most)
        return cls(
            method=Method[(explanations.method or default_method(task)).name],
            baseline=Baseline[explanations.baseline.name],
            steps=begin,
            most_steps=explanations.max_steps or max(begin, most),
            tolerance=float(explanations.tolerance),
            samples=explanations.samples,
        )

    @property
    def lacks_token(self) -> bool:
        """Whether the method leaves words out, for which an embedding of zeros is no token."""
        return self.baseline is Baseline.Zero and self.method not in GRADIENT_METHODS


@dataclass(frozen=True)
class Attribution:
    """What a method found for one target.

    Attributes:
        values: importance of each token of the encoding, signed where the method has a sign; 0 for tokens that were
            not attributed to. In the unit of the objective, not normalised.
        delta: by how much the values' sum misses the difference of the objective between the text and the baseline;
            None for methods that do not promise completeness.
        steps: interpolation steps or evaluations that it took.
        converged: false where the steps ended before the delta was as small as wanted.
    """

    values: tuple[float, ...]
    delta: float | None
    steps: int
    converged: bool = True


@dataclass(frozen=True)
class Part:
    """A token or a word of a text, and how important it was.

    Attributes:
        text: as it stands in the question; for tokens as the tokenizer spells them.
        field: which of the question's fields it stands in, such as `text` or `context`.
        start: first character, as a Unicode code point of that field.
        end: the one after the last.
        importance: signed; those of the tokens have the Euclidean norm 1, or are all 0.
    """

    text: str
    field: str
    start: int
    end: int
    importance: float


@dataclass(frozen=True)
class Explanation:
    """Why one target has its score.

    Attributes:
        method: how it was found.
        target: what was explained: the name of a class, an entity, `start` or `end` of an answer, a generated token.
        score: the probability that the model gives the target.
        tokens: every token that is text, in order; special ones are left out.
        words: the same by words, whose importance is the sum of their tokens'.
        delta: as in `Attribution`; None where the method promises nothing.
        steps: interpolation steps or evaluations that it took.
        details: what else describes the target, such as an entity's place.
        converged: as in `Attribution`.
    """

    method: Method
    target: str
    score: float
    tokens: tuple[Part, ...]
    words: tuple[Part, ...]
    delta: float | None
    steps: int
    details: Mapping[str, Any] = field(default_factory=dict)
    converged: bool = True


@dataclass(frozen=True)
class Explained:
    """The answer to one question, and why.

    Attributes:
        answer: the answer's fields, as a prediction has them.
        explanations: one per target, in the order of `ExplainableTask.targets`; by one method after the other.
        truncated: number of tokens of the question that the model did not see.
    """

    answer: Mapping[str, Any]
    explanations: tuple[Explanation, ...]
    truncated: int = 0
