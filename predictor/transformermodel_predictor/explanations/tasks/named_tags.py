"""What a client names of a tagged text, as far as the text and the model's classes tell what that is. Pure."""

from collections.abc import Collection, Sequence

from transformermodel_predictor.explanations.wanted import (
    EVERYTHING,
    class_number,
    is_whole,
    items_of,
    listed,
    parsed,
    place_in,
    refused,
)
from transformermodel_predictor.tasks.entities import kind_of

_PAIR = 2


def foreseen_tags(classes: Sequence[str], text: str, wanted: object) -> int:
    """How many tags there will be at least, whatever is found in a text.

    Args:
        classes: names of the model's classes.
        text: what is tagged.
        wanted: as in `TokenClassificationTargets.targets`.

    Raises:
        InvalidQuestion: it can never be there.
    """
    if wanted is None or wanted == EVERYTHING:
        return 0
    labels = labels_of(classes)
    value = value_of(wanted, labels)
    items = items_in(value)
    impossible: Sequence[object] = [wanted]
    if isinstance(value, int) and is_whole(value):
        impossible = [value] if value < 0 else []
    elif items:
        impossible = [item for item in items if not _may_be(item, classes, text)]
    if impossible:
        names = listed(sorted(labels))
        raise refused(
            impossible[0],
            f"entities by their number in the answer, from 0, or their label ({names}), {places_in(text)}, and "
            f"pairs of a token and a class, from 0 to {len(classes) - 1}",
        )
    return len(items)


def labels_of(classes: Sequence[str]) -> frozenset[str]:
    """Names of classes, and of the kinds of entities."""
    return frozenset((*classes, *map(kind_of, classes)))


def value_of(wanted: object, labels: Collection[str]) -> object:
    """What a client sent, read where it is no label."""
    return parsed(wanted) if isinstance(wanted, str) and wanted not in labels else wanted


def items_in(value: object) -> Sequence[object]:
    """Labels, places and pairs, each by itself."""
    return [value] if is_pair(value) else items_of(value)


def is_pair(value: object) -> bool:
    """Whether a value is meant as a token and its class, be they there or not."""
    return isinstance(value, list | tuple) and len(value) == _PAIR and is_whole(value[0])


def placed(value: object, text: str, labels: Collection[str]) -> tuple[tuple[int, int], str | None] | None:
    """A place in the text, and the label that it is to have; None where there is no such place or label."""
    place = place_in(value, text, ["label"])
    label = value.get("label") if isinstance(value, dict) else None
    if place is None or not (label is None or (isinstance(label, str) and label in labels)):
        return None
    return place, label


def places_in(text: str) -> str:
    """The places that may be named, for a message."""
    return f'places such as {{"start": 0, "end": {len(text)}}} with or without a "label"'


def _may_be(value: object, classes: Sequence[str], text: str) -> bool:
    """Whether a text may have what a label, a place or a pair means."""
    if isinstance(value, str):
        return value in labels_of(classes)
    if is_pair(value):
        token, wanted = items_of(value)
        return isinstance(token, int) and token >= 0 and class_number(wanted, classes) is not None
    return placed(value, text, labels_of(classes)) is not None
