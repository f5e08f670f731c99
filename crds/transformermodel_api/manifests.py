"""Manifests on this machine: read, checked as the API server would, and given to the rest as TransformerModels."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformermodel_api import API_VERSION, KIND
from transformermodel_api.errors import InvalidManifest
from transformermodel_api.model import TransformerModel
from transformermodel_api.schema import Json
from transformermodel_api.validation import problems
from transformermodel_api.yaml_documents import NotJson, documents


def read_manifests(path: Path) -> list[TransformerModel]:
    """The resources of a YAML file, in its order and with the schema's defaults.

    Raises:
        InvalidManifest: the file cannot be read, is no YAML, is empty, holds anything but sound TransformerModels, or
            one twice; the error lists the problems of all its documents.
    """
    origin = str(path)
    found = _documents(path)
    if not found:
        raise InvalidManifest(origin, (f"is empty: write a {KIND} of {API_VERSION}",))
    if complaints := _complaints(found):
        raise InvalidManifest(origin, tuple(complaints))
    models = [TransformerModel.read(document) for document in found]
    if repeated := tuple(_repeated(models)):
        raise InvalidManifest(origin, repeated)
    return models


def _documents(path: Path) -> list[Json]:
    origin = str(path)
    try:
        return list(documents(path.read_text("utf-8")))
    except NotJson as error:
        raise InvalidManifest(origin, (f"is not YAML: {error}",)) from error
    except UnicodeDecodeError as error:
        raise InvalidManifest(origin, (f"is not YAML: byte {error.start} is not UTF-8 text",)) from error
    except IsADirectoryError as error:
        raise InvalidManifest(origin, ("is a folder: name a manifest in it, such as model.yaml",)) from error
    except OSError as error:
        raise InvalidManifest(origin, (f"cannot be read: {error.strerror}",)) from error


def _complaints(found: list[Json]) -> list[str]:
    return [
        problem if len(found) == 1 else f"document {number}: {problem}"
        for number, document in enumerate(found, start=1)
        for problem in problems(document)
    ]


def _repeated(models: Sequence[TransformerModel]) -> Iterator[str]:
    """What several documents define, of which kubectl would keep the last."""
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, model in enumerate(models, start=1):
        numbers[model.metadata.namespace, model.metadata.name].append(number)
    for (_, name), (*others, last) in numbers.items():
        if others:
            told = ", ".join(map(str, others))
            yield f"documents {told} and {last} define the same {KIND} {name}: rename or remove all but one"
