"""How a model's answers may be explained, as its server and its task decide."""

from dataclasses import dataclass
from typing import Self

from transformermodel_api.errors import UserError
from transformermodel_api.explanations import ZERO_REFUSED, Explanations
from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.request import OptionLimits
from transformermodel_predictor.tasks.task import InvalidQuestion


class NotExplained(InvalidQuestion):
    """Answers are not explained here."""


@dataclass(frozen=True)
class ExplanationSettings:
    """What requests may ask for of one model.

    Attributes:
        enabled: whether anything is explained at all.
        defaults: for what a request does not say.
        limits: of the work that one explanation may be.
        targets: most things that are explained about one question.
        admitted: most questions in the house: waiting or being explained.
    """

    enabled: bool
    defaults: Options
    limits: OptionLimits
    targets: int
    admitted: int

    @classmethod
    def of(cls, explanations: Explanations, task: TaskName) -> Self:
        """What spec.predictor.explanations says, and for a model of the task where it says nothing.

        Raises:
            UserError: the baseline is nothing for the task's method, which the command line cannot know.
        """
        limits, defaults = explanations.limits, Options.of(explanations, task)
        if defaults.lacks_token:
            raise UserError(f"spec.predictor.explanations.baseline: {ZERO_REFUSED}")
        return cls(
            enabled=explanations.enabled,
            defaults=defaults,
            limits=OptionLimits.of(limits),
            targets=limits.targets,
            admitted=limits.queue_size,
        )
