"""The facts about a model that its task depends on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.artifact.generation import GenerationDefaults


@dataclass(frozen=True)
class TaskConfiguration:
    """The facts about one model that its task depends on.

    Attributes:
        labels: names of the classes in the order of the logits; empty for tasks without classes.
        max_length: longest input in tokens, special tokens included.
        multi_label: whether several labels may apply at once.
        generation: defaults for generation parameters that a request leaves out.
    """

    labels: tuple[str, ...]
    max_length: int
    multi_label: bool = False
    generation: GenerationDefaults = field(default_factory=GenerationDefaults)

    @classmethod
    def of(cls, configuration: ModelConfiguration, labels: Sequence[str]) -> Self:
        """The facts from an artifact's model-config.yaml and index_to_name.json."""
        return cls(
            labels=tuple(labels),
            max_length=configuration.max_length,
            multi_label=configuration.multi_label,
            generation=configuration.generation or GenerationDefaults(),
        )
