"""Linear layers whose weights oneDNN has laid out once, instead of at every call. For inference on CPUs only."""

from functools import cache
from typing import Any

import torch
from torch import nn

from transformermodel_predictor.quiet import quiet

_USUAL_ROWS = 512
"""Rows for which oneDNN is asked to lay the weights out; any other number works with them as well."""

_jit: Any = torch.jit  # it has no types


class PrepackedLinear(nn.Module):
    """A linear layer in oneDNN's own layout of the weights; the plain weights are not kept.

    Args:
        linear: on the CPU, in float32 or bfloat16.
    """

    _weight: torch.Tensor
    _bias: torch.Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _USUAL_ROWS)
        bias = None if linear.bias is None else linear.bias.detach().clone()
        self.register_buffer("_weight", weight, persistent=False)  # a recording keeps buffers, and no other tensors
        self.register_buffer("_bias", bias, persistent=False)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """[..., in_features] to [..., out_features]."""
        run = _recordable() if _jit.is_tracing() else _run
        result: torch.Tensor = run(rows, self._weight, self._bias)
        return result


def _run(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")  # type: ignore[no-any-return]


@cache
def _recordable() -> Any:  # noqa: ANN401 - torch.jit has no types
    """The same as a script: torch.jit cannot record the call itself, because of its empty list."""
    with quiet():
        return _jit.script(_run)


def can_prepack(dtype: torch.dtype) -> bool:
    """Whether this build of PyTorch and this CPU have oneDNN's linears for a type."""
    if not torch._C._has_mkldnn:
        return False
    if dtype is torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype is torch.float32


def prepack(model: nn.Module) -> None:
    """Replace the plain linear layers of a model; those whose weight is shared or changed elsewhere stay."""
    shared = _shared_weights(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and id(child.weight) not in shared and not child._forward_hooks:
                setattr(parent, name, PrepackedLinear(child))


def _shared_weights(model: nn.Module) -> set[int]:
    """Identities of parameters that more than one module holds, such as embeddings tied to a head."""
    seen: set[int] = set()
    shared: set[int] = set()
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            (shared if id(parameter) in seen else seen).add(id(parameter))
    return shared
