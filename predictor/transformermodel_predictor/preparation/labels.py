"""The names of the classes. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any


def choose_labels(wanted: Sequence[str] | None, checkpoint: Mapping[Any, str] | None) -> tuple[str, ...]:
    """The labels in the order of the logits: those that are asked for, else the checkpoint's own.

    Args:
        wanted: spec.preparation.labels.
        checkpoint: the configuration's `id2label`, whose keys are numbers or, in some files, digits.
    """
    if wanted is not None:
        return tuple(wanted)
    named = {int(index): label for index, label in (checkpoint or {}).items()}
    return tuple(named[index] for index in sorted(named))
