"""A layout for recording passes: whatever depends on where sequences lie becomes a custom operation in the recording.

A recording takes only tensors and fixes every other value, so these operations take the lengths of the sequences as a
tensor, and construct a layout from it each time they run.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch

from transformermodel_predictor.engines.packed.asked import Asked
from transformermodel_predictor.engines.packed.by_runs import by_runs
from transformermodel_predictor.engines.packed.layout import Layout

_NAMESPACE = "transformermodel_packed"
_operations: Any = getattr(torch.ops, _NAMESPACE)


@dataclass(frozen=True, eq=False)
class RecordedLayout(Layout):
    """A layout whose results depend on a tensor of lengths.

    Attributes:
        sizes: the lengths, int64 [sequences], in row order.
    """

    sizes: torch.Tensor = field(kw_only=True)

    def attended(self, asked: Asked) -> torch.Tensor:
        """The result of attention: [1, total, heads, width], or [1, sequences, heads, width] of first tokens."""
        attended: torch.Tensor = _operations.attention(
            asked.query, asked.key, asked.value, self.sizes, asked.scaling, asked.window, asked.first_alone
        )
        return attended

    def first_rows(self, hidden: torch.Tensor) -> torch.Tensor:
        """See `Layout`."""
        rows: torch.Tensor = _operations.first_rows(hidden, self.sizes)
        return rows

    def padded(self, hidden: torch.Tensor) -> torch.Tensor:
        """See `Layout`."""
        rows: torch.Tensor = _operations.padded(hidden, self.sizes)
        return rows

    def mask(self, device: torch.device) -> torch.Tensor:
        """See `Layout`."""
        mask: torch.Tensor = _operations.mask(self.sizes)
        return mask


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    sizes: torch.Tensor,
    scaling: float | None,
    window: int | None,
    first_alone: bool,
) -> torch.Tensor:
    return by_runs(Asked(query, key, value, scaling, window, first_alone), _layout(sizes, query.shape[2]))


def _first_rows(hidden: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    return _layout(sizes, hidden.shape[1]).first_rows(hidden)


def _padded(hidden: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    return _layout(sizes, hidden.shape[1]).padded(hidden)


def _mask(sizes: torch.Tensor) -> torch.Tensor:
    return _layout(sizes, int(sizes.sum())).mask(sizes.device)


def _layout(sizes: torch.Tensor, total: int) -> Layout:
    return _layout_of(tuple(sizes.tolist()), total)


@lru_cache(maxsize=8)  # called by every layer of a model
def _layout_of(lengths: tuple[int, ...], total: int) -> Layout:
    return Layout(tuple(range(len(lengths))), lengths, total - sum(lengths))


_make_library: Any = torch.library.Library  # untyped
_library = _make_library(_NAMESPACE, "DEF")  # the operations exist as long as it does
for _schema, _operation in {
    "attention(Tensor query, Tensor key, Tensor value, Tensor sizes, float? scaling, int? window, bool first_alone)": (
        _attention
    ),
    "first_rows(Tensor hidden, Tensor sizes)": _first_rows,
    "padded(Tensor hidden, Tensor sizes)": _padded,
    "mask(Tensor sizes)": _mask,
}.items():
    _library.impl(_library.define(f"{_schema} -> Tensor"), _operation, "CPU")
