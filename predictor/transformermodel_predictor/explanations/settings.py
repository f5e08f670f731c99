"""How a model's answers may be explained, as its server decides."""

from dataclasses import dataclass, field
from typing import Self

from transformermodel_api.explanations import Explanations
from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.request import OptionLimits
from transformermodel_predictor.tasks.task import InvalidQuestion


class NotExplained(InvalidQuestion):
    """Answers are not explained here."""


@dataclass(frozen=True)
class ExplanationSettings:
    """What requests may ask for.

    Attributes:
        enabled: whether anything is explained at all.
        defaults: for what a request does not say.
        limits: of the work that one explanation may be.
        targets: most things that are explained about one question.
        admitted: most questions in the house: waiting or being explained.
    """

    enabled: bool = True
    defaults: Options = field(default_factory=Options)
    limits: OptionLimits = field(default_factory=OptionLimits)
    targets: int = 64
    admitted: int = 64

    @classmethod
    def of(cls, explanations: Explanations) -> Self:
        """What spec.predictor.explanations says."""
        limits = explanations.limits
        return cls(
            enabled=explanations.enabled,
            defaults=Options.of(explanations),
            limits=OptionLimits.of(limits),
            targets=limits.targets,
            admitted=limits.queue_size,
        )
