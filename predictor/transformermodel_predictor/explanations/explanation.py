"""The data of explanations: methods and options that are requested, and attributions that are returned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from transformermodel_api.explanation_defaults import default_method
from transformermodel_api.explanations import Explanations
from transformermodel_api.spec import TaskName


class Method(StrEnum):
    """Attribution methods. Values are the names in requests; member names are those in the resource."""

    IntegratedGradients = "integrated_gradients"
    InputXGradient = "input_x_gradient"
    Saliency = "saliency"
    FeatureAblation = "feature_ablation"
    ShapleySampling = "shapley_sampling"
    KernelShap = "kernel_shap"
    Lime = "lime"


GRADIENT_METHODS = frozenset((Method.IntegratedGradients, Method.InputXGradient, Method.Saliency))
"""Methods that need gradients, and so the differentiable twin; the others perturb the input of the serving engine."""


class Baseline(StrEnum):
    """What replaces a token that is left out. Names as in `Method`."""

    Pad = "pad"
    Mask = "mask"
    Zero = "zero"


@dataclass(frozen=True)
class Options:
    """How an explanation is computed.

    Attributes:
        method: the attribution method.
        baseline: what replaces a token. Zero is an embedding of zeros, for gradient methods only.
        steps: initial number of interpolation steps; it grows while the delta exceeds the tolerance.
        most_steps: upper limit of that growth.
        tolerance: largest delta, as a share of the objective's change from baseline to text.
        samples: permutations (Shapley sampling) or model evaluations (KernelSHAP, LIME); None chooses by the number of
            features.
        seed: of the random samples.
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
        """The options of spec.predictor.explanations; absent ones are the task's defaults, within the spec's limits."""
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
        """Whether a perturbation method is combined with the zero baseline, which is an embedding and not a token."""
        return self.baseline is Baseline.Zero and self.method not in GRADIENT_METHODS


@dataclass(frozen=True)
class Attribution:
    """The result of a method for one target.

    Attributes:
        values: attribution of each token of the encoding, signed where the method is signed; 0 for tokens that are not
            attributed to. In the unit of the objective, not normalised.
        delta: convergence delta: the sum of the values minus the objective's change from baseline to text; None for
            methods without the completeness property.
        steps: interpolation steps or model evaluations used.
        converged: false where the step limit was reached with the delta above the tolerance.
    """

    values: tuple[float, ...]
    delta: float | None
    steps: int
    converged: bool = True


@dataclass(frozen=True)
class Part:
    """A token or a word of a text, and its importance.

    Attributes:
        text: as in the question; a token as the tokenizer spells it.
        field: the field of the question that it is in, such as `text` or `context`.
        start: offset of its first character in that field, in Unicode code points.
        end: offset after its last character.
        importance: signed; scaled so that the tokens' importances have Euclidean norm 1, or all 0.
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
        method: the attribution method.
        target: name of the target: a class, an entity's label, `start` or `end` of an answer, a generated text.
        score: the target's probability.
        tokens: the text's tokens in order, without special ones.
        words: the text's words; a word's importance is the sum over its tokens.
        delta: as in `Attribution`.
        steps: as in `Attribution`.
        details: further fields of the target, such as an entity's offsets.
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
    """The answer to one question with its explanations.

    Attributes:
        answer: the same fields as in a prediction.
        explanations: method by method, each with one per target in the order of `ExplainableTask.targets`.
        truncated: number of tokens cut off the question.
    """

    answer: Mapping[str, Any]
    explanations: tuple[Explanation, ...]
    truncated: int = 0
