"""spec.predictor.explanations: whether and how the model's answers are explained."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from transformermodel_api.decimals import Score
from transformermodel_api.rules import ResourceType, Rule

_MOST = 100_000


class ExplanationMethod(StrEnum):
    """The ways to attribute an answer to the words of its question; requests write them as `integrated_gradients`."""

    IntegratedGradients = "IntegratedGradients"
    InputXGradient = "InputXGradient"
    Saliency = "Saliency"
    FeatureAblation = "FeatureAblation"
    ShapleySampling = "ShapleySampling"
    KernelShap = "KernelShap"
    Lime = "Lime"


class ExplanationBaseline(StrEnum):
    """What stands for a token that is not there."""

    Pad = "Pad"
    Mask = "Mask"
    Zero = "Zero"


class ExplanationLimits(ResourceType):
    """How much work requests may ask for."""

    steps: Annotated[
        int, Field(ge=1, le=_MOST, description="Most interpolation steps that a request may ask for; over it 400.")
    ] = 1000
    samples: Annotated[
        int, Field(ge=1, le=_MOST, description="Most samples that a request may ask for; over it 400.")
    ] = 1000
    targets: Annotated[
        int, Field(ge=1, le=10_000, description="Most targets that are explained for one text; over it 400.")
    ] = 64
    queue_size: Annotated[
        int, Field(ge=1, le=_MOST, description="Most texts that may wait or be explained; over it 503.")
    ] = 64


class Explanations(ResourceType):
    """Whether and how answers are explained, where the request does not say it."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.steps) || self.steps <= (has(self.maxSteps) ? self.maxSteps : self.limits.steps)",
            "steps must not be more than maxSteps, to which they grow, and not more than limits.steps",
            ".steps",
        ),
        Rule(
            "!has(self.maxSteps) || self.maxSteps <= self.limits.steps",
            "maxSteps must not be more than limits.steps, which is 1000 when absent",
            ".maxSteps",
        ),
        Rule(
            "!has(self.samples) || self.samples <= self.limits.samples",
            "samples must not be more than limits.samples, which is 1000 when absent",
            ".samples",
        ),
        Rule(
            "!has(self.baseline) || self.baseline != 'Zero' || !has(self.method) || "
            "self.method in ['IntegratedGradients', 'InputXGradient', 'Saliency']",
            "baseline Zero is no token: methods that leave words out need Pad or Mask",
            ".baseline",
        ),
    )

    enabled: Annotated[bool, Field(description="Whether answers can be explained; if not, such requests get 400.")] = (
        True
    )
    method: Annotated[
        ExplanationMethod | None,
        Field(
            description="How importance is computed, unless a request says otherwise. When absent, FeatureAblation for "
            "the task TextGeneration and IntegratedGradients for the others."
        ),
    ] = None
    baseline: Annotated[
        ExplanationBaseline,
        Field(description="What replaces a token that is taken away: padding, a mask, or an embedding of zeros."),
    ] = ExplanationBaseline.Pad
    steps: Annotated[
        int | None,
        Field(
            ge=1,
            le=_MOST,
            description="Interpolation steps of IntegratedGradients to begin with; 12, or maxSteps if less, when "
            "absent.",
        ),
    ] = None
    max_steps: Annotated[
        int | None,
        Field(
            ge=1,
            le=_MOST,
            description="Most interpolation steps: they grow while the delta is over the tolerance. 256, or steps if "
            "more, when absent.",
        ),
    ] = None
    tolerance: Annotated[
        Score,
        Field(description='Largest delta, as a share of the change that is explained, such as "0.02".'),
    ] = "0.02"
    samples: Annotated[
        int | None,
        Field(
            ge=1,
            le=_MOST,
            description="Permutations of ShapleySampling, evaluations of KernelShap and Lime; by the number of words "
            "when absent.",
        ),
    ] = None
    limits: Annotated[ExplanationLimits, Field(description="How much work requests may ask for.")] = ExplanationLimits()


ZERO_REFUSED = (
    "baseline Zero is no token: FeatureAblation, by which TextGeneration is explained unless method says otherwise, "
    "needs Pad or Mask; IntegratedGradients, InputXGradient and Saliency take Zero"
)

EXPLANATION_RULES = (
    Rule(
        "self.task != 'TextGeneration' || !has(self.predictor) || has(self.predictor.explanations.method)"
        " || self.predictor.explanations.baseline != 'Zero'",
        ZERO_REFUSED,
        field=".predictor.explanations.baseline",
    ),
)
"""What the task asks of the explanations: rules over the whole spec."""
