"""index_to_name.json: the names of the classes, in TorchServe's form for classification."""

import json
from collections.abc import Sequence

LABELS_FILE = "index_to_name.json"


def labels_text(labels: Sequence[str]) -> str:
    """The content of index_to_name.json for labels in the order of the logits."""
    return json.dumps({str(index): label for index, label in enumerate(labels)}, indent=2, ensure_ascii=False) + "\n"


def read_labels(text: str) -> tuple[str, ...]:
    """The labels in the order of the logits.

    Raises:
        ValueError: the text is not an object that names the classes 0, 1, 2, ...
    """
    document = json.loads(text)
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document.values()):
        raise ValueError("it must be an object with a name per class")
    wanted = [str(index) for index in range(len(document))]
    if not wanted or set(document) != set(wanted):
        raise ValueError("its keys must be 0, 1, 2, ... without a gap")
    return tuple(document[index] for index in wanted)
