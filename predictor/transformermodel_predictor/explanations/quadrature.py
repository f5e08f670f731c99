"""Where an integral from 0 to 1 is sampled, and how much each sample weighs. Pure."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch


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

    Nodes are the eigenvalues of the Legendre polynomials' Jacobi matrix, weights the squares of its eigenvectors' first
    elements: G. H. Golub and J. H. Welsch, Calculation of Gauss Quadrature Rules, Math. Comp. 23 (1969).
    """
    order = torch.arange(1, steps, dtype=torch.float64)
    beside = order / (4 * order**2 - 1).sqrt()
    nodes, vectors = torch.linalg.eigh(torch.diag(beside, 1) + torch.diag(beside, -1))
    return Rule(tuple(((nodes + 1) / 2).tolist()), tuple((vectors[0] ** 2).tolist()))


LOBATTO = Rule(
    ((0.0, (1 - math.sqrt(3 / 7)) / 2, 0.5, (1 + math.sqrt(3 / 7)) / 2, 1.0)),
    (1 / 20, 49 / 180, 16 / 45, 49 / 180, 1 / 20),
)
"""Gauss and Lobatto's rule of five nodes, two of them at the ends: exact up to degree 7.

M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, table 25.6.
"""
