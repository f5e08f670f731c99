"""The recordings of a packed model, as a file beside its weights: preparation records, every replica reads.

A recording belongs to the versions that it was made with. With others, or where the file cannot be read, the model is
recorded anew as it is loaded: that takes longer and more memory, and is no error.
"""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from transformermodel_predictor.engines.packed.model import PackedModel
from transformermodel_predictor.engines.recording import weights_of

_log = logging.getLogger(__name__)

_LIBRARIES = ("torch", "transformers", "transformermodel")


@dataclass(frozen=True)
class StoredRecording:
    """One recording.

    Attributes:
        features: names of what it takes before the lengths, in their order.
        outputs: names, in their order.
        graph: see `RecordedPass.graph`.
    """

    features: tuple[str, ...]
    outputs: tuple[str, ...]
    graph: str


@dataclass(frozen=True)
class _File:
    """The content of the file.

    Attributes:
        made_with: see `circumstances`.
        recordings: of one model, one for each set of features.
    """

    made_with: dict[str, str]
    recordings: tuple[StoredRecording, ...]


_FILE: TypeAdapter[_File] = TypeAdapter(_File)


def circumstances(packed: PackedModel) -> dict[str, str]:
    """All on which a recording depends: versions of libraries, and the model's structure. Its weights do not matter."""
    weights = [(tuple(weight.shape), str(weight.dtype), str(weight.layout)) for weight in weights_of(packed.model)]
    structure = repr((packed.model.config.to_json_string(), packed.pooling, weights))
    return {
        **{name: version(name) for name in _LIBRARIES},
        "structure": hashlib.sha256(structure.encode()).hexdigest(),
    }


def stored_text(packed: PackedModel, recordings: Iterable[StoredRecording]) -> str:
    """The content of the file; the same recordings give the same text."""
    content = _File(circumstances(packed), tuple(sorted(recordings, key=lambda one: one.features)))
    return _FILE.dump_json(content, indent=2).decode() + "\n"


def stored_recordings(file: Path, packed: PackedModel) -> tuple[StoredRecording, ...]:
    """The recordings in a file that fit a model here; none where there is no file, or it is of no use."""
    try:
        content = _FILE.validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        _log.warning("%s cannot be read, so the model is recorded anew (%s)", file, " ".join(str(error).split())[:200])
        return ()
    here = circumstances(packed)
    others = [name for name, value in here.items() if content.made_with.get(name) != value]
    if others:
        _log.info("%s was made with another %s, so the model is recorded anew", file, " and ".join(others))
        return ()
    return content.recordings
