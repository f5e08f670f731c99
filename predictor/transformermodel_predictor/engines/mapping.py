"""Weights that lie in a mapped file."""

from torch import nn


def leave_files(model: nn.Module) -> None:
    """Copy all weights into memory.

    As safetensors loads them they are views of one mapped file, which stays in memory as long as any of them does;
    so where most are replaced, the others are copied.
    """
    for weight in (*model.parameters(), *model.buffers()):
        weight.data = weight.data.clone()
