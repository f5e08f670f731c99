"""The recordings of a packed model, as a file beside its weights: preparation records, every replica reads.

A recording belongs to the versions that it was made with. With others, or where the file cannot be read, the model is
recorded anew as it is loaded: that takes longer and more memory, and is no error.

The file is not part of the content that an artifact's digest vouches for. So a graph is run only if all that it does is
compute: PyTorch's graphs know operations on files, too.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from transformermodel_predictor.engines.packed.model import PackedModel
from transformermodel_predictor.engines.recorded_graph import Unreadable, operations_of
from transformermodel_predictor.engines.recording import weights_of

_log = logging.getLogger(__name__)

_LIBRARIES = ("torch", "transformers", "transformermodel")
_COMPUTING = (
    "Int add arange bmm cat chunk clone contiguous cos cumsum div dropout embedding eq expand floor_divide full "
    "gather gelu index_select layer_norm linear masked_fill matmul mean mul neg ones permute pow relu reshape "
    "rsqrt rsub select sigmoid silu sin size slice softmax split sqrt squeeze stack sub sum tanh to transpose "
    "unbind unsqueeze view where zeros"
)
_OPERATIONS = frozenset(
    {
        *(f"aten::{name}" for name in _COMPUTING.split()),
        *(f"prim::{name}" for name in ["Constant", "ListConstruct", "ListUnpack", "NumToTensor", "TupleConstruct"]),
        *(f"transformermodel_packed::{name}" for name in ["attention", "first_rows", "mask", "padded"]),
        "mkldnn::_linear_pointwise",
    }
)
"""What a stored graph may consist of; a model with any other operation is recorded by every replica."""


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


def only_computes(graph: str) -> bool:
    """Whether a graph does nothing that a stored one may not do.

    Raises:
        Unreadable: the text is no graph.
    """
    return operations_of(graph) <= _OPERATIONS


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
        others = _differing(content.made_with, circumstances(packed))
        if others:
            _log.info("%s was made with another %s, so the model is recorded anew", file, " and ".join(others))
            return ()
        if not all(only_computes(one.graph) for one in content.recordings):
            _log.warning("%s does more than compute, so the model is recorded anew: find out who wrote it", file)
            return ()
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError, Unreadable) as error:
        _log.warning("%s cannot be read, so the model is recorded anew (%s)", file, " ".join(str(error).split())[:200])
        return ()
    return content.recordings


def _differing(made_with: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    return [name for name, value in here.items() if made_with.get(name) != value]
