"""Running rows that are alike together, for models that cannot mix others in a batch."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

_Row = TypeVar("_Row")
_Result = TypeVar("_Result")


def run_alike(
    rows: Sequence[_Row], alike: Callable[[_Row], Hashable], run: Callable[[list[_Row]], Sequence[_Result]]
) -> list[_Result]:
    """One run for each group of rows that are alike, and their results in the rows' order.

    Args:
        rows: what is run.
        alike: equal for rows that may run together. Groups run in the order of their first rows.
        run: returns one result for each row that it is given.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[alike(row)].append(index)
    results: dict[int, _Result] = {}
    for indices in groups.values():
        results.update(zip(indices, run([rows[index] for index in indices]), strict=True))
    return [results[index] for index in range(len(rows))]
