"""Whether a model gives on packed rows what it gives one sequence at a time; found out before it is served."""

import math
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from transformermodel_predictor.engines.packed.model import NotPackable, PackedModel, Pooling
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Encoding, Outputs

_LENGTHS = (5, 2, 170, 17, 5)
"""Equal ones, that lie in one run, and one longer than the windows of sliding attention are wide."""
_RESERVED_POSITIONS = 2
"""Position ids that no token has, in models like RoBERTa."""
_TOLERANCE = 1e-4
"""Of the largest output, or of 1 where all are smaller; in float32."""


def pack(model: PreTrainedModel) -> PackedModel:
    """Make a model run on packed rows, proven equal on random tokens.

    Args:
        model: in evaluation mode, in float32. It is changed even when this fails.

    Raises:
        NotPackable: the architecture cannot, or answers differently.
    """
    probes = _probes(model)
    try:
        with torch.inference_mode():
            reference = [outputs for probe in probes for outputs in PretrainedEngine(model).run([probe])]
            packed = PackedModel(model)
            _choose_pooling(packed, probes, reference)
    except NotPackable:
        raise
    except Exception as error:  # each architecture fails in its own way on rows it is not made for
        raise NotPackable(f"{type(model).__name__} fails on packed rows ({one_line(error)})") from error
    return packed


def _choose_pooling(packed: PackedModel, probes: Sequence[Encoding], reference: Sequence[Outputs]) -> None:
    """Give the head of a sequence classifier the least with which it answers as it should.

    Raises:
        NotPackable: it answers differently with anything.
        Exception: it fails with everything.
    """
    problem: Exception | None = None
    for pooling in Pooling if packed.per_sequence else (packed.pooling,):
        packed.pooling = pooling
        try:
            found = largest_difference(reference, packed.run(probes))
        except Exception as error:  # noqa: BLE001 - told where nothing else works either
            problem = problem or error
            continue
        if found <= _TOLERANCE:
            return
        problem = NotPackable(f"{type(packed.model).__name__} answers differently on packed rows (by {found:.1e})")
    raise problem or NotPackable("no pooling was tried")


def _probes(model: PreTrainedModel) -> list[Encoding]:
    """Sequences of random tokens other than padding, the same at each start."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.arange(model.config.vocab_size)
    tokens = tokens[tokens != model.config.pad_token_id]
    limit = min(getattr(model.config, "max_position_embeddings", None) or max(_LENGTHS), max(_LENGTHS))
    room = max(1, limit - _RESERVED_POSITIONS)
    return [
        Encoding({"input_ids": tokens[torch.randint(len(tokens), (min(length, room),), generator=generator)].tolist()})
        for length in _LENGTHS
    ]


def largest_difference(reference: Sequence[Outputs], packed: Sequence[Outputs]) -> float:
    """The largest difference of an output, as a part of the largest output, or of 1 where all are smaller.

    It is not a number where an answer holds one, and infinite where shapes differ.
    """
    pairs = [(one[name], other[name]) for one, other in zip(reference, packed, strict=True) for name in one]
    if any(one.shape != other.shape for one, other in pairs):
        return math.inf
    largest = max(1.0, *(float(one.abs().max()) for one, _ in pairs))
    return max(float((one - other).abs().max()) for one, other in pairs) / largest
