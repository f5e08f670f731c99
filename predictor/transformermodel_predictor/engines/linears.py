"""Linear layers whose weights are brought into oneDNN's layout once, not at every call. For CPU inference only."""

from functools import cache
from typing import Any

import torch
from torch import nn

from transformermodel_predictor.quiet import quiet

_USUAL_ROWS = 512
"""Number of rows for which oneDNN chooses the layout; any other number works with it too."""

_jit: Any = torch.jit  # untyped


class PrepackedLinear(nn.Module):
    """A linear layer with weights in oneDNN's own layout; the plain weights are not kept.

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
        self.register_buffer("_weight", weight, persistent=False)  # recordings keep buffers but no other tensors
        self.register_buffer("_bias", bias, persistent=False)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """[..., in_features] to [..., out_features]."""
        run = _recordable() if _jit.is_tracing() else _run
        result: torch.Tensor = run(rows, self._weight, self._bias)
        return result


def _run(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")  # type: ignore[no-any-return]


@cache
def _recordable() -> Any:  # noqa: ANN401 - torch.jit is untyped
    """`_run` as a script: torch.jit cannot trace the call itself, because of its empty list."""
    with quiet():
        return _jit.script(_run)


def can_prepack(dtype: torch.dtype) -> bool:
    """Whether this build of PyTorch and this CPU support oneDNN's linears for a dtype."""
    if not torch._C._has_mkldnn:
        return False
    if dtype is torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype is torch.float32


def prepack(model: nn.Module) -> None:
    """Replace the plain linear layers of a model, except those whose weight is shared or that have forward hooks."""
    shared = _shared_weights(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and id(child.weight) not in shared and not child._forward_hooks:
                setattr(parent, name, PrepackedLinear(child))


def _shared_weights(model: nn.Module) -> set[int]:
    """`id`s of parameters that several modules hold, such as embeddings tied to a head."""
    seen: set[int] = set()
    shared: set[int] = set()
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            (shared if id(parameter) in seen else seen).add(id(parameter))
    return shared
