"""Several methods at work at once, as one that asks for the rows of all. Pure."""

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

from transformermodel_predictor.explanations.rows import Asking, Row

_Found = TypeVar("_Found")


def together(all_asking: Sequence[Asking[_Found]]) -> Asking[list[_Found]]:
    """Ask for what all of them want next, until each has found what it is to find; in their order.

    Args:
        all_asking: not begun.
    """
    found: dict[int, _Found] = {}
    wanted: dict[int, Sequence[Row]] = {}
    for number, asking in enumerate(all_asking):
        try:
            wanted[number] = next(asking)
        except StopIteration as ended:
            found[number] = ended.value
    while wanted:
        results = iter((yield [row for rows in wanted.values() for row in rows]))
        for number, rows in list(wanted.items()):
            try:
                wanted[number] = all_asking[number].send(list(islice(results, len(rows))))
            except StopIteration as ended:
                found[number] = ended.value
                del wanted[number]
    return [found[number] for number in range(len(all_asking))]
