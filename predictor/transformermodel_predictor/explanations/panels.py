"""Parts of the way between baseline and text, each integrated on its own and as exactly as it needs. Pure.

The gradient of a model is nearly flat on most of the way and changes suddenly on a short piece of it. What the tokens'
contributions on a part must sum to is known: the difference of the objective between its ends. So it is known exactly
where steps are missing, and only such parts are halved.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch

from transformermodel_predictor.explanations.quadrature import LOBATTO


class Point(NamedTuple):
    """What is known of a point of the way.

    Attributes:
        value: the objective.
        contributions: by how much each token changes it per share of the way, float64 [tokens].
    """

    value: float
    contributions: torch.Tensor


Points = Mapping[float, Point]
"""By the share of the way."""

NEW_NODES = 6
"""Points that halving a part adds: three within each half; the ends and the middle were there."""


_NARROWEST, _NEAREST = 1e-7, 1e-30
"""As float32 tells points of the way apart: by their share of it, and so ever more finely towards the baseline."""


@dataclass(frozen=True, order=True)
class Panel:
    """A part of the way, by the shares at which it starts and stops."""

    start: float
    stop: float

    @property
    def nodes(self) -> tuple[float, ...]:
        """Shares of the way at which it is sampled, its ends included."""
        inner = LOBATTO.nodes[1:-1]
        return (self.start, *(self.start + node * (self.stop - self.start) for node in inner), self.stop)

    @property
    def halves(self) -> tuple["Panel", "Panel"]:
        """Itself, cut at its middle node."""
        _, _, middle, _, _ = self.nodes
        return Panel(self.start, middle), Panel(middle, self.stop)

    @property
    def is_wide(self) -> bool:
        """Whether its halves are of more than one point; over what others miss the model jumps."""
        return self.stop - self.start > _NARROWEST * self.stop and self.stop > _NEAREST

    def values(self, points: Points) -> torch.Tensor:
        """The integral of each token's contribution, float64 [tokens]."""
        weighed = (
            weight * points[node].contributions for node, weight in zip(self.nodes, LOBATTO.weights, strict=True)
        )
        return (self.stop - self.start) * torch.stack(list(weighed)).sum(dim=0)

    def missed(self, points: Points) -> float:
        """By how much the values' sum misses the difference of the objective between the ends."""
        change = points[self.stop].value - points[self.start].value
        return float(self.values(points).sum()) - change


def even(count: int) -> tuple[Panel, ...]:
    """The whole way in parts of one length."""
    edges = [number / count for number in range(count + 1)]
    return tuple(Panel(start, stop) for start, stop in pairwise(edges))


_LEFT = 3
"""How much parts that are not halved may miss together, as a multiple of what is allowed: opposite signs cancel."""


def refined(panels: Sequence[Panel], points: Points, allowed: float, most: int) -> tuple[Panel, ...]:
    """The same way with the worst parts halved: as few as leave the others missing little enough, and at least one.

    As it is where what is missed lies on parts that are too narrow to be halved: the model jumps there.

    Args:
        panels: the parts.
        points: at all their nodes.
        allowed: what all parts together may miss.
        most: parts that may be halved.
    """
    missed = {panel: abs(panel.missed(points)) for panel in panels}
    wide = [panel for panel in panels if panel.is_wide]
    if sum(missed[panel] for panel in panels if not panel.is_wide) > _LEFT * allowed:
        return tuple(panels)
    left = sum(missed.values())
    worst: list[Panel] = []
    for panel in sorted(wide, key=lambda panel: -missed[panel])[:most]:
        if worst and left <= _LEFT * allowed:
            break
        worst.append(panel)
        left -= missed[panel]
    return tuple(_halved(panels, frozenset(worst)))


def _halved(panels: Sequence[Panel], chosen: frozenset[Panel]) -> Iterator[Panel]:
    for panel in panels:
        yield from panel.halves if panel in chosen else (panel,)
