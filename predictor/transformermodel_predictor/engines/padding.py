"""Whether padding changes a model's outputs: found out by trying, because no attribute of a model says.

A few architectures (XLNet, ConvBERT, FNet, Funnel, Nystromformer, YOSO, CANINE) look at masked tokens.
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
"""Several, as Funnel pools tokens by twos and fours: only padding that is pooled with text is not hidden."""
_TOLERANCE = {torch.float32: 0.01}
_COARSE_TOLERANCE = 0.2
"""Relative to the largest value, for models tried in a dtype narrower than float32."""
_MOST_COPIED_BYTES = 1 << 30
"""Of the float32 copies; larger models are tried as they are, so that loading needs little more memory than serving."""

Run = Callable[[Sequence[Encoding]], list[Outputs]]


def pad_token_of(model: PreTrainedModel) -> int | None:
    """Id of the model's padding token; None if its configuration names none, or one outside the vocabulary."""
    token: int | None = getattr(model.config, "pad_token_id", None)
    vocabulary: int | None = getattr(model.config, "vocab_size", None)
    if token is None or token < 0 or (vocabulary is not None and token >= vocabulary):
        return None
    return token


def padding_is_hidden(run: Run, model: PreTrainedModel) -> bool:
    """Whether short rows have the same outputs beside a long row as alone; assumed true if the trial fails.

    Args:
        run: runs a batch, padded.
        model: the model it runs.
    """
    tokens = [token for token in range(2 * _LONG) if token != pad_token_of(model)]
    long, *short = (Encoding({"input_ids": tokens[-length:]}) for length in (_LONG, *_SHORT))
    with _in_float32(model):
        tolerance = _TOLERANCE.get(model.dtype, _COARSE_TOLERANCE)
        try:
            alone, (_, *beside) = [run([row])[0] for row in short], run([long, *short])
        except Exception as error:  # noqa: BLE001 - some architectures require certain tokens in every row
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
    """Let a model on the CPU compute with float32 copies of its weights, whatever their dtype.

    In bfloat16, rounding hides the effect of padding, and oneDNN would keep the code it compiles for each token count.
    A model on a GPU stays as it is, and so does a large one: there may be no memory for the copies.
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
