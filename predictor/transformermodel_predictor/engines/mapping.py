"""Weights in memory-mapped files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn

_LEAST_BYTES = 1 << 18
"""Least size of a weight that stays in its file. Passes read all small ones, and up to 2 MiB around each get mapped."""


def leave_files(model: nn.Module) -> None:
    """Copy all weights into memory.

    safetensors loads weights as views of a mapped file, whose pages stay in memory as long as any view exists. So when
    most weights are replaced, the others are copied.
    """
    _copy((*model.parameters(), *model.buffers()))


def stay_in_files(model: nn.Module, files: Iterable[Path]) -> None:
    """Map each large parameter from a file that holds exactly its values, and copy all others into memory.

    Of an embedding table, only what texts use is then read, into memory that the kernel shares among all processes
    that serve the model, and may reclaim. Files are mapped anew: a mapping that read a whole model keeps it all.

    Args:
        model: on the CPU, in the dtype it will run in.
        files: safetensors; must not change while the model exists.
    """
    weights: dict[str, torch.Tensor] = dict(model.named_parameters())
    large = [name for name, weight in weights.items() if weight.nbytes >= _LEAST_BYTES]
    lying: set[str] = set()
    for file in files:
        same = [name for name, tensor in _mapped(file, large) if _is_same(weights[name], tensor)]
        for name, tensor in _mapped(file, same):
            weights[name].data = tensor
        lying.update(same)
    _copy((*(weight for name, weight in weights.items() if name not in lying), *model.buffers()))


def _mapped(file: Path, names: Iterable[str]) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of these names that the file has."""
    with safe_open(file, framework="pt") as tensors:
        for name in set(names).intersection(tensors.keys()):
            yield name, tensors.get_tensor(name)


def _is_same(weight: torch.Tensor, tensor: torch.Tensor) -> bool:
    return weight.dtype == tensor.dtype and torch.equal(weight, tensor)


def _copy(weights: Iterable[torch.Tensor]) -> None:
    for weight in weights:
        if not weight.is_mkldnn:  # weights in oneDNN's layout are in no file
            weight.data = weight.data.clone()
