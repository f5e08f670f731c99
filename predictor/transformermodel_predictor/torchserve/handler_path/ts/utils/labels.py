"""index_to_name.json: the labels of a classifier."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

logger = logging.getLogger(__name__)

_NAMES = "object_type_names"
"""Key of an older format of the file: a list of names in the order of the classes."""


class InvalidLabels(ValueError):
    """A label file has the wrong content."""


def load_label_mapping(mapping_file_path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Read a label file.

    Args:
        mapping_file_path: a JSON object whose values are labels, or lists that end with the label (ImageNet's have an
            id before it).

    Returns:
        Labels by class index as text; None if there is no such file.

    Raises:
        InvalidLabels: the file has other content.
    """
    if not os.path.isfile(mapping_file_path):
        logger.info("there is no %s: answers name classes by their indices", mapping_file_path)
        return None
    with open(mapping_file_path, encoding="utf-8") as file:
        content = json.load(file)
    if not isinstance(content, dict):
        raise InvalidLabels(f"{mapping_file_path} must hold an object with labels, not a {type(content).__name__}")
    if isinstance(names := content.get(_NAMES), list):
        content = dict(enumerate(names))
    return {str(key): _label(key, value, mapping_file_path) for key, value in content.items()}


def _label(key: Any, value: Any, file: str | os.PathLike[str]) -> str:
    label = value[-1] if isinstance(value, list) and value else value
    if not isinstance(label, str):
        raise InvalidLabels(f"{file}: the label of {key} must be a text or a list of texts, not {value!r}")
    return label


def map_class_to_label(
    probs: Sequence[Sequence[float]],
    mapping: Mapping[str, Any] | None = None,
    lbl_classes: Sequence[Sequence[int]] | None = None,
) -> list[dict[str, float]]:
    """Key probabilities by their classes' labels.

    Args:
        probs: [N][K], probabilities of each row's classes.
        mapping: labels by class index as text; a class without a label is named by its index.
        lbl_classes: [N][K], class indices; 0 to K-1 if None.

    Returns:
        [N]; probabilities by label, in the order given.
    """
    classes = lbl_classes if lbl_classes is not None else [range(len(row)) for row in probs]
    names = mapping or {}
    return [
        {str(names.get(str(class_), class_)): probability for class_, probability in zip(row_classes, row, strict=True)}
        for row_classes, row in zip(classes, probs, strict=True)
    ]
