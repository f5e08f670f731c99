"""A layout for recording passes: its results depend on tensors, and are computed by what torch.jit can compile.

A recording fixes every value but tensors. What needs numbers from a tensor, such as how many runs there are, is
compiled together with its loops and conditions, and becomes part of the recording.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch

from transformermodel_predictor.engines.packed.attention_call import AttentionCall
from transformermodel_predictor.engines.packed.by_runs import attended
from transformermodel_predictor.engines.packed.layout import Layout
from transformermodel_predictor.quiet import quiet

_jit: Any = torch.jit  # untyped


@dataclass(frozen=True, eq=False)
class RecordedLayout(Layout):
    """A layout whose results depend on tensors.

    Attributes:
        sizes: the lengths, int64 [sequences], in row order.
        table: see `Layout.run_table`.
    """

    sizes: torch.Tensor = field(kw_only=True)
    table: torch.Tensor = field(kw_only=True)

    def attended(self, call: AttentionCall) -> torch.Tensor:
        """The result of attention: [1, total, heads, width], or [1, sequences, heads, width] of first tokens."""
        tensors = (call.query, call.key, call.value, self.table)
        rows: torch.Tensor = _compiled(attended)(*tensors, call.scaling, call.window, call.first_alone)
        return rows

    def first_rows(self, hidden: torch.Tensor) -> torch.Tensor:
        """See `Layout`."""
        return hidden[0, self.sizes.cumsum(0) - self.sizes].unsqueeze(1)

    def padded(self, hidden: torch.Tensor) -> torch.Tensor:
        """See `Layout`."""
        rows: torch.Tensor = _compiled(_padded)(hidden, self.sizes)
        return rows

    def mask(self, device: torch.device) -> torch.Tensor:
        """See `Layout`."""
        mask: torch.Tensor = _compiled(_mask)(self.sizes)
        return mask.to(device)


def _padded(hidden: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    lengths: list[int] = sizes.tolist()
    lengths.append(hidden.size(1) - sum(lengths))  # the filling
    parts = torch.split(hidden[0], lengths)
    return torch.nn.utils.rnn.pad_sequence(list(parts[:-1]), batch_first=True)


def _mask(sizes: torch.Tensor) -> torch.Tensor:
    return (torch.arange(int(sizes.max())) < sizes.unsqueeze(1)).long()


@cache
def _compiled(function: Callable[..., torch.Tensor]) -> Any:  # noqa: ANN401 - untyped
    with quiet():
        return _jit.script(function)
