"""Checks, before a model is served, that packed rows give the same outputs as one sequence at a time."""

import math
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from transformermodel_predictor.engines.packed.model import NotPackable, PackedModel, Pooling
from transformermodel_predictor.engines.pretrained import PretrainedEngine
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Encoding, Outputs

_LENGTHS = (5, 2, 170, 17, 5)
"""Includes equal ones, which form a run, and one longer than the windows of sliding-window attention."""
_RESERVED_POSITIONS = 2
"""Position ids that no token uses, in models like RoBERTa."""
_TOLERANCE = 1e-4
"""Relative to the largest output, or to 1 if all are smaller; in float32."""


def pack(model: PreTrainedModel) -> PackedModel:
    """Make a model run on packed rows, with equal outputs proven on random tokens.

    Args:
        model: in evaluation mode, in float32. It is changed even when this fails.

    Raises:
        NotPackable: the architecture cannot run on packed rows, or its outputs differ.
    """
    probes = _probes(model)
    try:
        with torch.inference_mode():
            reference = [outputs for probe in probes for outputs in PretrainedEngine(model).run([probe])]
            packed = PackedModel(model)
            _choose_pooling(packed, probes, reference)
    except NotPackable:
        raise
    except Exception as error:  # each architecture fails in its own way on unsuitable rows
        raise NotPackable(f"{type(model).__name__} fails on packed rows ({one_line(error)})") from error
    return packed


def _choose_pooling(packed: PackedModel, probes: Sequence[Encoding], reference: Sequence[Outputs]) -> None:
    """Choose the cheapest input for a sequence classifier's head that leaves its outputs unchanged.

    Raises:
        NotPackable: the outputs differ with every pooling.
        Exception: the model fails with every pooling.
    """
    problem: Exception | None = None
    for pooling in Pooling if packed.per_sequence else (packed.pooling,):
        packed.pooling = pooling
        try:
            found = largest_difference(reference, packed.run(probes))
        except Exception as error:  # noqa: BLE001 - raised below if no other pooling works
            problem = problem or error
            continue
        if found <= _TOLERANCE:
            return
        problem = NotPackable(f"{type(packed.model).__name__} answers differently on packed rows (by {found:.1e})")
    raise problem or NotPackable("no pooling was tried")


def _probes(model: PreTrainedModel) -> list[Encoding]:
    """Sequences of random tokens other than padding, the same in every process."""
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
    """The largest difference between outputs, relative to the largest output, or to 1 if all are smaller.

    NaN if an output contains NaN, and infinite if shapes differ.
    """
    pairs = [(one[name], other[name]) for one, other in zip(reference, packed, strict=True) for name in one]
    if any(one.shape != other.shape for one, other in pairs):
        return math.inf
    largest = max(1.0, *(float(one.abs().max()) for one, _ in pairs))
    return max(float((one - other).abs().max()) for one, other in pairs) / largest
