"""The names of the classes. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any


def choose_labels(
    wanted: Sequence[str] | None, checkpoint: Mapping[Any, Any] | None, number: int | None = None
) -> tuple[str, ...]:
    """The labels in the order of the logits: the requested ones, else the checkpoint's.

    If only a number of classes is requested, and the checkpoint has another, they are LABEL_0, LABEL_1, ... as in
    transformers.

    Args:
        wanted: spec.preparation.labels.
        checkpoint: the configuration's `id2label`, whose keys are numbers or, in some files, digits; in some its
            labels are numbers too, or missing.
        number: spec.preparation.numLabels.
    """
    if wanted is not None:
        return tuple(wanted)
    named = {int(index): label for index, label in (checkpoint or {}).items()}
    if number is not None and number != len(named):
        return tuple(_unnamed(index) for index in range(number))
    return tuple(_unnamed(index) if named[index] in (None, "") else str(named[index]) for index in sorted(named))


def _unnamed(index: int) -> str:
    return f"LABEL_{index}"
