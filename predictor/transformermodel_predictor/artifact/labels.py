"""index_to_name.json: the names of the classes, in the forms that TorchServe's generalized handler knows."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

LABELS_FILE = "index_to_name.json"

_LIST = "label_list"


def labels_text(labels: Sequence[str], *, as_list: bool = False) -> str:
    """The content of index_to_name.json for labels in the order of the logits.

    Args:
        labels: the names.
        as_list: whether they are also written in the form that TorchServe's handler wants for token classification.
    """
    document = {str(index): label for index, label in enumerate(labels)}
    if as_list:
        document[_LIST] = f"[{', '.join(labels)}]"
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read_labels(text: str) -> tuple[str, ...]:
    """The labels in the order of the logits.

    They are an object that names the classes 0, 1, 2, ...; a list; or an object with such a list in `label_list`, where
    it may be a string too, such as `[O, B-PER]`.

    Raises:
        ValueError: the text is in none of these forms.
    """
    document = json.loads(text)
    if isinstance(document, list):
        return _listed(document)
    if not isinstance(document, dict):
        raise ValueError("it must be an object with a name per class, or a list of names")  # noqa: TRY004
    numbered = {key: name for key, name in document.items() if key != _LIST}
    return _numbered(numbered) if numbered else _listed(document.get(_LIST))


def _numbered(document: Mapping[str, Any]) -> tuple[str, ...]:
    wanted = [str(index) for index in range(len(document))]
    if set(document) != set(wanted):
        raise ValueError("its keys must be 0, 1, 2, ... without a gap")
    return _named([document[index] for index in wanted])


def _listed(labels: object) -> tuple[str, ...]:
    if isinstance(labels, str):
        labels = [_unquoted(label.strip()) for label in labels.strip().removeprefix("[").removesuffix("]").split(",")]
    return _named(labels)


def _named(labels: object) -> tuple[str, ...]:
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) and label for label in labels):
        raise ValueError("it must have a name per class, each a string")
    return tuple(labels)


def _unquoted(label: str) -> str:
    quoted = len(label) > 1 and label[0] == label[-1] and label[0] in "'\""
    return label[1:-1] if quoted else label
