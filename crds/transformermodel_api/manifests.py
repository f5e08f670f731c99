"""Reads manifests from files and validates them as the API server would."""

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
    """Read the resources of a YAML file, in its order and with the schema's defaults.

    Raises:
        InvalidManifest: the file cannot be read, is not YAML, is empty, or contains an invalid document or the same
            model twice; the error lists the problems of all documents.
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
    """One problem for each model that several documents define; kubectl would apply all, so that the last one wins."""
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, model in enumerate(models, start=1):
        numbers[model.metadata.namespace, model.metadata.name].append(number)
    for (_, name), (*others, last) in numbers.items():
        if others:
            told = ", ".join(map(str, others))
            yield f"documents {told} and {last} define the same {KIND} {name}: rename or remove all but one"
