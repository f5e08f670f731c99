"""A layout for recording passes: what depends on where sequences lie becomes operations of its own in the recording.

A recording takes tensors alone and keeps every other value as it was, so these operations are told the lengths of the
sequences as a tensor, and make a layout of it each time that they run.
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
    """A layout whose answers follow a tensor.

    Attributes:
        sizes: the lengths, int64 [sequences], in the order of the row.
    """

    sizes: torch.Tensor = field(kw_only=True)

    def attended(self, asked: Asked) -> torch.Tensor:
        """What attention answers: [1, total, heads, width], or [1, sequences, heads, width] of first tokens."""
        attended: torch.Tensor = _operations.attention(
            asked.query, asked.key, asked.value, self.sizes, asked.scaling, asked.window, asked.first_alone
        )
        return attended

    def first_rows(self, hidden: torch.Tensor) -> torch.Tensor:
        """As of any layout."""
        rows: torch.Tensor = _operations.first_rows(hidden, self.sizes)
        return rows

    def padded(self, hidden: torch.Tensor) -> torch.Tensor:
        """As of any layout."""
        rows: torch.Tensor = _operations.padded(hidden, self.sizes)
        return rows

    def mask(self, device: torch.device) -> torch.Tensor:
        """As of any layout."""
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


@lru_cache(maxsize=8)  # every layer of a model asks again
def _layout_of(lengths: tuple[int, ...], total: int) -> Layout:
    return Layout(tuple(range(len(lengths))), lengths, total - sum(lengths))


_make_library: Any = torch.library.Library  # it has no types
_library = _make_library(_NAMESPACE, "DEF")  # operations are there as long as it is
for _schema, _operation in {
    "attention(Tensor query, Tensor key, Tensor value, Tensor sizes, float? scaling, int? window, bool first_alone)": (
        _attention
    ),
    "first_rows(Tensor hidden, Tensor sizes)": _first_rows,
    "padded(Tensor hidden, Tensor sizes)": _padded,
    "mask(Tensor sizes)": _mask,
}.items():
    _library.impl(_library.define(f"{_schema} -> Tensor"), _operation, "CPU")
