"""Manifests on this machine: read, checked as the API server would, and given to the rest as TransformerModels."""

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
        InvalidManifest: the file cannot be read, is no YAML, is empty or holds anything but sound TransformerModels;
            the error lists the problems of all its documents.
    """
    origin = str(path)
    found = _documents(path)
    if not found:
        raise InvalidManifest(origin, (f"is empty: write a {KIND} of {API_VERSION}",))
    if complaints := _complaints(found):
        raise InvalidManifest(origin, tuple(complaints))
    return [TransformerModel.read(document) for document in found]


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
