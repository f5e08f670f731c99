"""What a task has to know of the model it is made for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.artifact.generation import GenerationDefaults


@dataclass(frozen=True)
class TaskConfiguration:
    """The facts of one model that its task depends on.

    Attributes:
        labels: names of the classes in the order of the logits; none for tasks that have no classes.
        max_length: longest input in tokens, special tokens included.
        multi_label: whether several labels may hold at once.
        generation: how text is generated where a request does not say otherwise.
    """

    labels: tuple[str, ...]
    max_length: int
    multi_label: bool = False
    generation: GenerationDefaults = field(default_factory=GenerationDefaults)

    @classmethod
    def of(cls, configuration: ModelConfiguration, labels: Sequence[str]) -> Self:
        """The facts in an artifact's model-config.yaml and index_to_name.json."""
        return cls(
            labels=tuple(labels),
            max_length=configuration.max_length,
            multi_label=configuration.multi_label,
            generation=configuration.generation or GenerationDefaults(),
        )
