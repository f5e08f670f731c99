"""Parsing the tags that a client requests of a text, before the text is tagged. Pure."""

from collections.abc import Collection, Sequence

from transformermodel_predictor.explanations.target_syntax import (
    EVERYTHING,
    class_index,
    is_integer,
    items_of,
    name_list,
    parse_literal,
    parse_span,
    unknown_target,
)
from transformermodel_predictor.tasks.entities import kind_of

_PAIR = 2


def minimum_tags(classes: Sequence[str], text: str, requested: object) -> int:
    """A lower bound on the number of tags, whatever entities are found.

    Args:
        classes: names of the model's classes.
        text: the text to tag.
        requested: as in `TokenClassificationTargets.targets`.

    Raises:
        InvalidQuestion: the text can have no such tag.
    """
    if requested is None or requested == EVERYTHING:
        return 0
    labels = labels_of(classes)
    value = value_of(requested, labels)
    items = items_in(value)
    impossible: Sequence[object] = [requested]
    if isinstance(value, int) and is_integer(value):
        impossible = [value] if value < 0 else []
    elif items:
        impossible = [item for item in items if not _may_be(item, classes, text)]
    if impossible:
        names = name_list(sorted(labels))
        raise unknown_target(
            impossible[0],
            f"entities by their number in the answer, from 0, or their label ({names}), {places_in(text)}, and "
            f"pairs of a token and a class, from 0 to {len(classes) - 1}",
        )
    return len(items)


def labels_of(classes: Sequence[str]) -> frozenset[str]:
    """Names of the classes (`B-PER`), and of the kinds of entities (`PER`)."""
    return frozenset((*classes, *map(kind_of, classes)))


def value_of(requested: object, labels: Collection[str]) -> object:
    """The requested value, parsed unless it is a label."""
    return parse_literal(requested) if isinstance(requested, str) and requested not in labels else requested


def items_in(value: object) -> Sequence[object]:
    """The single labels, spans and pairs of a value."""
    return [value] if is_pair(value) else items_of(value)


def is_pair(value: object) -> bool:
    """Whether a value has the form of a pair of a token number and a class, which need not exist."""
    return isinstance(value, list | tuple) and len(value) == _PAIR and is_integer(value[0])


def parse_labelled_span(value: object, text: str, labels: Collection[str]) -> tuple[tuple[int, int], str | None] | None:
    """A span of the text with its label, if one is given; None if there is no such span or label."""
    place = parse_span(value, text, ["label"])
    label = value.get("label") if isinstance(value, dict) else None
    if place is None or not (label is None or (isinstance(label, str) and label in labels)):
        return None
    return place, label


def places_in(text: str) -> str:
    """The spans that may be requested, for a message."""
    return f'places such as {{"start": 0, "end": {len(text)}}} with or without a "label"'


def _may_be(value: object, classes: Sequence[str], text: str) -> bool:
    """Whether a label, a span or a pair is possible for the text."""
    if isinstance(value, str):
        return value in labels_of(classes)
    if is_pair(value):
        token, requested = items_of(value)
        return isinstance(token, int) and token >= 0 and class_index(requested, classes) is not None
    return parse_labelled_span(value, text, labels_of(classes)) is not None
