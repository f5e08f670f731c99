"""Panels: segments of the path from baseline to text, each integrated separately and refined where needed. Pure.

A model's gradient is nearly constant on most of the path, and changes abruptly on a short stretch of it. On each panel
the tokens' contributions must sum to the change of the objective between its ends, so the integration error of every
panel is known, and only panels with large errors are halved.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch

from transformermodel_predictor.explanations.quadrature import LOBATTO


class Point(NamedTuple):
    """The evaluation of the model at one point of the path.

    Attributes:
        value: the objective.
        contributions: each token's part of the objective's derivative along the path, float64 [tokens].
    """

    value: float
    contributions: torch.Tensor


Points = Mapping[float, Point]
"""By position alpha on the path, from 0 (baseline) to 1 (text)."""

NEW_NODES = 6
"""Points added by halving a panel: three inside each half; the ends and the middle are evaluated already."""


_NARROWEST, _NEAREST = 1e-7, 1e-30
"""float32 resolution of alpha: relative, and so ever finer towards the baseline, down to an absolute limit."""


@dataclass(frozen=True, order=True)
class Panel:
    """A segment of the path, from alpha `start` to `stop`."""

    start: float
    stop: float

    @property
    def nodes(self) -> tuple[float, ...]:
        """The alphas at which it is sampled, its ends included."""
        inner = LOBATTO.nodes[1:-1]
        return (self.start, *(self.start + node * (self.stop - self.start) for node in inner), self.stop)

    @property
    def halves(self) -> tuple["Panel", "Panel"]:
        """The two panels from cutting it at its middle node."""
        _, _, middle, _, _ = self.nodes
        return Panel(self.start, middle), Panel(middle, self.stop)

    @property
    def is_wide(self) -> bool:
        """Whether float32 can resolve its halves; if not, its error is a discontinuity of the model."""
        return self.stop - self.start > _NARROWEST * self.stop and self.stop > _NEAREST

    def values(self, points: Points) -> torch.Tensor:
        """The integral of each token's contribution over the panel, float64 [tokens]."""
        weighted = (
            weight * points[node].contributions for node, weight in zip(self.nodes, LOBATTO.weights, strict=True)
        )
        return (self.stop - self.start) * torch.stack(list(weighted)).sum(dim=0)

    def error(self, points: Points) -> float:
        """The sum of the values minus the objective's change between the ends; 0 for an exact integral."""
        change = points[self.stop].value - points[self.start].value
        return float(self.values(points).sum()) - change


def even_panels(count: int) -> tuple[Panel, ...]:
    """The whole path in `count` panels of equal length."""
    edges = [number / count for number in range(count + 1)]
    return tuple(Panel(start, stop) for start, stop in pairwise(edges))


_UNREFINED = 3
"""Limit on the absolute errors left in unrefined panels, as a multiple of the allowed delta: signs partly cancel."""


def refine(panels: Sequence[Panel], points: Points, allowed: float, most: int) -> tuple[Panel, ...]:
    """Halve the panels with the largest errors: at least one, and as few as bring the rest within the limit.

    The panels are returned unchanged where the error is concentrated on panels too narrow to halve: the model is
    discontinuous there.

    Args:
        panels: those of the whole path.
        points: at all their nodes.
        allowed: the largest delta.
        most: largest number of panels to halve.
    """
    errors = {panel: abs(panel.error(points)) for panel in panels}
    wide = [panel for panel in panels if panel.is_wide]
    if sum(errors[panel] for panel in panels if not panel.is_wide) > _UNREFINED * allowed:
        return tuple(panels)
    remaining = sum(errors.values())
    worst: list[Panel] = []
    for panel in sorted(wide, key=lambda panel: -errors[panel])[:most]:
        if worst and remaining <= _UNREFINED * allowed:
            break
        worst.append(panel)
        remaining -= errors[panel]
    return tuple(_halved(panels, frozenset(worst)))


def _halved(panels: Sequence[Panel], chosen: frozenset[Panel]) -> Iterator[Panel]:
    for panel in panels:
        yield from panel.halves if panel in chosen else (panel,)
