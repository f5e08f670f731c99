"""Where an integral from 0 to 1 is sampled, and how much each sample weighs. Pure."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch

_NEWTON = 6
"""Iterations, each of which doubles the right digits."""


@dataclass(frozen=True)
class Rule:
    """A rule of quadrature on [0, 1].

    Attributes:
        nodes: where to sample, ascending.
        weights: of the samples; they sum to 1.
    """

    nodes: tuple[float, ...]
    weights: tuple[float, ...]


@lru_cache(maxsize=16)
def gauss_legendre(steps: int) -> Rule:
    """The rule that is exact for the highest degree, 2 * steps - 1; no node is at an end.

    Nodes are the roots of the Legendre polynomial of that degree, found with Newton's method, and weights
    2 / ((1 - x^2) P'(x)^2) on [-1, 1]: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 25.4.29.
    """
    numbers = torch.arange(1, steps + 1, dtype=torch.float64)
    nodes = -torch.cos(math.pi * (numbers - 0.25) / (steps + 0.5))  # near enough for Newton's method from there
    for _ in range(_NEWTON):
        value, slope = _legendre(steps, nodes)
        nodes = nodes - value / slope
    _, slope = _legendre(steps, nodes)
    weights = 1 / ((1 - nodes**2) * slope**2)
    return Rule(tuple(((nodes + 1) / 2).tolist()), tuple(weights.tolist()))


def _legendre(degree: int, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The Legendre polynomial of a degree and its derivative, by the recurrence (22.7.10 and 22.8.5 there)."""
    before, value = torch.zeros_like(points), torch.ones_like(points)
    for number in range(1, degree + 1):
        before, value = value, ((2 * number - 1) * points * value - (number - 1) * before) / number
    return value, degree * (points * value - before) / (points**2 - 1)


LOBATTO = Rule(
    ((0.0, (1 - math.sqrt(3 / 7)) / 2, 0.5, (1 + math.sqrt(3 / 7)) / 2, 1.0)),
    (1 / 20, 49 / 180, 16 / 45, 49 / 180, 1 / 20),
)
"""Gauss and Lobatto's rule of five nodes, two of them at the ends: exact up to degree 7.

M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, table 25.6.
"""
