"""A packed model's recordings, in a file beside its weights: preparation records, and every replica reads.

A recording is tied to the versions it was made with. With others, or if the file is unreadable, the model is recorded
anew when it is loaded: that takes more time and memory, but is not an error.

An artifact's digest does not cover this file. So a graph is run only if it does nothing but compute: PyTorch's graphs
may contain file operations, too.
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
from transformermodel_predictor.pretrained import one_line

_log = logging.getLogger(__name__)

_LIBRARIES = ("torch", "transformers", "transformermodel")
_COMPUTING = (
    "Int __getitem__ abs add append arange as_strided bmm cat chunk clone contiguous copy_ cos cumsum div dropout "
    "embedding eq expand floor_divide floordiv full gather ge gelu gt index index_select layer_norm le len linear "
    "list log lt masked_fill matmul max mean mul narrow ne neg ones pad_sequence permute pow relu reshape rsqrt rsub "
    "scaled_dot_product_attention select sigmoid silu sin size slice softmax split sqrt squeeze stack storage_offset "
    "stride sub sum tanh to transpose unbind unsqueeze view where zeros"
)
_CONTROL = (
    "Constant If ListConstruct ListUnpack Loop NumToTensor TupleConstruct device dtype isinstance max tolist type "
    "unchecked_cast"
)
_OPERATIONS = frozenset(
    {
        *(f"aten::{name}" for name in _COMPUTING.split()),
        *(f"prim::{name}" for name in _CONTROL.split()),
        "mkldnn::_linear_pointwise",
    }
)
"""Operations allowed in a stored graph; a model with any other is recorded by every replica."""


@dataclass(frozen=True)
class StoredRecording:
    """One recording.

    Attributes:
        features: names of the arguments before the lengths and runs, in order.
        outputs: names of the outputs, in order.
        graph: see `RecordedPass.graph`.
    """

    features: tuple[str, ...]
    outputs: tuple[str, ...]
    graph: str


@dataclass(frozen=True)
class _File:
    """Content of the file.

    Attributes:
        made_with: see `circumstances`.
        recordings: recordings of one model, one per set of features.
    """

    made_with: dict[str, str]
    recordings: tuple[StoredRecording, ...]


_FILE: TypeAdapter[_File] = TypeAdapter(_File)


def only_computes(graph: str) -> bool:
    """Whether a graph has only operations that are allowed in a stored one.

    Raises:
        Unreadable: the text is not a graph.
    """
    return operations_of(graph) <= _OPERATIONS


def circumstances(packed: PackedModel) -> dict[str, str]:
    """What a recording depends on: library versions and the model's structure, but not the values of its weights."""
    weights = [(tuple(weight.shape), str(weight.dtype), str(weight.layout)) for weight in weights_of(packed.model)]
    structure = repr((packed.model.config.to_json_string(), packed.pooling, weights))
    return {
        **{name: version(name) for name in _LIBRARIES},
        "structure": hashlib.sha256(structure.encode()).hexdigest(),
    }


def stored_text(packed: PackedModel, recordings: Iterable[StoredRecording]) -> str:
    """Content of the file; the same recordings yield the same text."""
    content = _File(circumstances(packed), tuple(sorted(recordings, key=lambda one: one.features)))
    return _FILE.dump_json(content, indent=2).decode() + "\n"


def stored_recordings(file: Path, packed: PackedModel) -> tuple[StoredRecording, ...]:
    """The recordings in a file that fit the model and this environment; none if the file is missing or unusable."""
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
        _log.warning("%s cannot be read, so the model is recorded anew (%s)", file, one_line(error))
        return ()
    return content.recordings


def _differing(made_with: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    return [name for name, value in here.items() if made_with.get(name) != value]
