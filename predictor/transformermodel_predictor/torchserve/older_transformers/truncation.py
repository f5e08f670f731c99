"""Truncates the ids of one text or one pair. Pure."""

from collections.abc import Sequence


def truncated(
    first: Sequence[int], second: Sequence[int] | None, over: int, strategy: str, side: str
) -> tuple[list[int], list[int] | None]:
    """Both texts, truncated.

    Args:
        first: the ids of the first text.
        second: the ids of the second text, if there is one.
        over: number of tokens to remove; none if it is not above 0.
        strategy: `only_first`, `only_second`, or `longest_first`, which takes each token from the longer text, and from
            the second where both are equally long.
        side: `right` or `left`: the end at which tokens are removed.
    """
    left = [len(first), 0 if second is None else len(second)]
    for _ in range(max(over, 0)):
        from_first = left[0] > left[1] if strategy == "longest_first" else strategy == "only_first"
        from_ = 0 if from_first else 1
        left[from_] = max(left[from_] - 1, 0)
    return _cut(first, left[0], side), None if second is None else _cut(second, left[1], side)


def _cut(ids: Sequence[int], length: int, side: str) -> list[int]:
    return list(ids[:length] if side == "right" else ids[len(ids) - length :])
