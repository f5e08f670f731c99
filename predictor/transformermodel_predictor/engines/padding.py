"""Whether padding changes what a model gives: found out by trying, because no attribute of a model tells.

A few architectures (XLNet, ConvBERT, FNet, Funnel, Nystromformer, YOSO, CANINE) look at what the mask hides.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.task import Encoding, Outputs

_log = logging.getLogger(__name__)

_SHORT, _LONG = (3, 4, 5, 6, 7), 9
"""Several, as Funnel pools tokens by twos and fours: padding that falls together with text alone is not hidden."""
_TOLERANCE = {torch.float32: 0.01}
_COARSE_TOLERANCE = 0.2
"""Of the largest number, where a model is tried in a type that is shorter than float32."""
_MOST_COPIED_BYTES = 1 << 30
"""Of weights in float32; larger models are tried as they are, so that loading needs little more memory than serving."""

Run = Callable[[Sequence[Encoding]], list[Outputs]]


def pad_token_of(model: PreTrainedModel) -> int | None:
    """The token that a model tells from text; None where its configuration names none, or one that is no token."""
    token: int | None = getattr(model.config, "pad_token_id", None)
    vocabulary: int | None = getattr(model.config, "vocab_size", None)
    if token is None or token < 0 or (vocabulary is not None and token >= vocabulary):
        return None
    return token


def padding_is_hidden(run: Run, model: PreTrainedModel) -> bool:
    """Whether short rows give beside a long one what each gives alone; so it is taken where it cannot be tried.

    Args:
        run: runs a batch, padded.
        model: what it runs.
    """
    tokens = [token for token in range(2 * _LONG) if token != pad_token_of(model)]
    long, *short = (Encoding({"input_ids": tokens[-length:]}) for length in (_LONG, *_SHORT))
    with _in_float32(model):
        tolerance = _TOLERANCE.get(model.dtype, _COARSE_TOLERANCE)
        try:
            alone, (_, *beside) = [run([row])[0] for row in short], run([long, *short])
        except Exception as error:  # noqa: BLE001 - some architectures want certain tokens in every row
            _log.info("whether padding changes %s could not be tried: %s", type(model).__name__, one_line(error))
            return True
    return all(
        _close(one[name], other[name], tolerance)
        for one, other in zip(alone, beside, strict=True)
        for name in one
        if name.endswith("logits")
    )


@contextmanager
def _in_float32(model: PreTrainedModel) -> Iterator[None]:
    """Let a model on the CPU compute on copies of its weights in float32, whatever type they have.

    In bfloat16 rounding hides what padding changes, and oneDNN would keep what it compiles for each number of tokens.
    A model on a GPU stays as it is, and so does a large one: there may be no room for the copies.
    """
    tensors = (*model.parameters(), *model.buffers()) if model.device.type == "cpu" else ()
    shorter = [(tensor, tensor.data) for tensor in tensors if tensor.dtype in (torch.bfloat16, torch.float16)]
    if sum(data.numel() for _, data in shorter) * torch.float32.itemsize > _MOST_COPIED_BYTES:
        shorter = []
    for tensor, data in shorter:
        tensor.data = data.float()
    try:
        yield
    finally:
        for tensor, data in shorter:
            tensor.data = data


def _close(alone: torch.Tensor, beside: torch.Tensor, tolerance: float) -> bool:
    if alone.dim() > 0 and alone.shape != beside.shape:
        beside = beside[: len(alone)]
    return bool((alone - beside).abs().max() <= tolerance * alone.abs().max())
