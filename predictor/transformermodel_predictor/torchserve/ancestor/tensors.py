"""Encodings as the two tensors that pass between a handler's methods, and back. Pure."""

from collections.abc import Sequence

import torch

Tokens = tuple[int, ...]

Batch = tuple[torch.Tensor, torch.Tensor]
"""Token ids and attention mask, both int64 [rows, longest]."""


def padded(rows: Sequence[Sequence[int]], padding: int, *, left: bool = False, length: int | None = None) -> Batch:
    """Rows as tensors.

    Args:
        rows: the tokens of each; none for a row that cannot be read.
        padding: the token beside the shorter ones.
        left: whether it stands before them, as models need that write on at the right.
        length: tokens of each row where a graph takes no other length; that of the longest row when None.
    """
    longest = max(length or 0, *(len(row) for row in rows), 1) if rows else 1
    ids, mask = [], []
    for row in rows:
        missing = longest - len(row)
        beside, none = [padding] * missing, [0] * missing
        ids.append([*beside, *row] if left else [*row, *beside])
        mask.append([*none, *([1] * len(row))] if left else [*([1] * len(row)), *none])
    shape = (len(rows), longest)
    return torch.tensor(ids, dtype=torch.int64).reshape(shape), torch.tensor(mask, dtype=torch.int64).reshape(shape)


def tokens_in(batch: Batch) -> list[Tokens]:
    """The tokens of each row, without padding."""
    ids, mask = (tensor.detach().to("cpu") for tensor in batch)
    return [tuple(row[seen.bool()].tolist()) for row, seen in zip(ids, mask, strict=True)]
