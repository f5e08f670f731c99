"""The settings of a model's explanations, from its spec and its task."""

from dataclasses import dataclass
from typing import Self

from transformermodel_api.errors import UserError
from transformermodel_api.explanations import ZERO_REFUSED, Explanations
from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.request import OptionLimits
from transformermodel_predictor.tasks.task import InvalidQuestion


class NotExplained(InvalidQuestion):
    """Answers of this model are not explained; the message says why."""


@dataclass(frozen=True)
class ExplanationSettings:
    """Defaults and limits of one model's explanations.

    Attributes:
        enabled: whether answers are explained at all.
        defaults: of parameters that a request leaves out.
        limits: on the cost of one explanation.
        targets: largest number of targets per question.
        admitted: largest number of questions admitted at a time, waiting ones included.
    """

    enabled: bool
    defaults: Options
    limits: OptionLimits
    targets: int
    admitted: int

    @classmethod
    def of(cls, explanations: Explanations, task: TaskName) -> Self:
        """The settings of spec.predictor.explanations, with the task's defaults.

        Raises:
            UserError: the baseline does not suit the task's default method; the command line cannot check that.
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
