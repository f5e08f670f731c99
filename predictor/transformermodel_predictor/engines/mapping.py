"""Weights that lie in a mapped file."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn

_LEAST_BYTES = 1 << 18
"""Of a weight that stays in its file. Every pass reads the small ones, and the kernel maps up to 2 MiB around each."""


def leave_files(model: nn.Module) -> None:
    """Copy all weights into memory.

    As safetensors loads them they are views of a mapped file, whose pages stay in memory as long as any of them does;
    so where most are replaced, the others are copied.
    """
    _copy((*model.parameters(), *model.buffers()))


def stay_in_files(model: nn.Module, files: Iterable[Path]) -> None:
    """Let each large parameter lie where a file has just it, value for value, and copy all others into memory.

    Of a table of embeddings then only what texts need is read, into memory that the kernel shares among all processes
    that serve the model, and may take back. Files are mapped anew: a mapping in which a whole model was read holds it.

    Args:
        model: on the CPU, in the type that it is to run in.
        files: safetensors; they must not change as long as the model lives.
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
    """Those of the tensors that the file has."""
    with safe_open(file, framework="pt") as tensors:
        for name in set(names).intersection(tensors.keys()):
            yield name, tensors.get_tensor(name)


def _is_same(weight: torch.Tensor, tensor: torch.Tensor) -> bool:
    return weight.dtype == tensor.dtype and torch.equal(weight, tensor)


def _copy(weights: Iterable[torch.Tensor]) -> None:
    for weight in weights:
        if not weight.is_mkldnn:  # what oneDNN laid out lies in no file
            weight.data = weight.data.clone()
