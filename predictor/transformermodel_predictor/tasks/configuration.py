"""What a task has to know of the model it is made for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskConfiguration:
    """The facts of one model that its task depends on.

    Attributes:
        labels: names of the classes in the order of the logits.
        max_length: longest input in tokens, special tokens included.
    """

    labels: tuple[str, ...]
    max_length: int
