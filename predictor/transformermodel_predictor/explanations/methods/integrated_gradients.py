"""Layer integrated gradients: what each token adds on the way from the baseline to the text.

M. Sundararajan, A. Taly and Q. Yan, Axiomatic Attribution for Deep Networks (ICML 2017), at the embeddings' output: the
difference of a token's embedding times the mean gradient on the straight way, summed over the width. The values sum to
the difference of the objective between the text and the baseline; the delta is by how much they miss it.
"""

from collections.abc import Generator, Sequence

import torch

from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.panels import NEW_NODES, Panel, Point, even, refined
from transformermodel_predictor.explanations.path import Embed, Path, embedding_of, replaced_tokens, stand_in_of
from transformermodel_predictor.explanations.quadrature import LOBATTO, gauss_legendre
from transformermodel_predictor.explanations.rows import Result, Row, Steps
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools

_INTERVALS = len(LOBATTO.nodes) - 1
_CANCELLED = 5
"""How much larger than the delta may be what parts of the way miss with opposite signs."""
_ROUNDING = 1e-6
"""Of the largest objective on the way: below it a delta is float32's own."""

_Asking = Generator[Sequence[Row], Sequence[Result], dict[float, Point]]


def attribute(target: Target, options: Options, tools: Tools) -> Steps:
    """Ask for as many steps as the text needs, or for exactly as many as are wanted.

    Where steps may grow, parts of the way are sampled with Gauss and Lobatto's rule, beginning with about as many steps
    as the options say, and halved where they miss what the objective changes on them, until the delta is at most the
    tolerance. Where they may not (`steps` is `most_steps`), with Gauss and Legendre's rule of exactly so many: what
    Captum computes, to the last digits.

    Raises:
        InvalidQuestion: the model has no such baseline, or no gradients.
    """
    embed, stand_in = embedding_of(tools), stand_in_of(options.baseline, tools)
    return _integrate(target, options, stand_in, embed)


def _integrate(target: Target, options: Options, stand_in: int | None, embed: Embed) -> Steps:
    if not any(replaced_tokens(target)):
        return Attribution((0.0,) * len(target.encoding), delta=0.0, steps=0)
    path = Path.between(target, stand_in, embed)
    if options.steps >= options.most_steps or options.most_steps <= _INTERVALS:
        return (yield from _fixed(path, options))
    return (yield from _growing(path, options))


def _fixed(path: Path, options: Options) -> Steps:
    rule = gauss_legendre(options.most_steps)
    points = yield from _ask(path, (0.0, *rule.nodes, 1.0))
    weighed = [weight * points[node].contributions for node, weight in zip(rule.nodes, rule.weights, strict=True)]
    values = torch.stack(weighed).sum(dim=0)
    delta = _delta(values, points)
    converged = abs(delta) <= _allowed(points, options.tolerance)
    return Attribution(tuple(values.tolist()), delta, options.most_steps, converged)


def _growing(path: Path, options: Options) -> Steps:
    panels = even(max(1, options.steps // _INTERVALS))
    points: dict[float, Point] = {}
    while True:
        wanted = {node for panel in panels for node in panel.nodes} - points.keys()
        points |= yield from _ask(path, sorted(wanted))
        most, allowed = (options.most_steps - len(points)) // NEW_NODES, _allowed(points, options.tolerance)
        converged = _suffices(panels, points, allowed)
        finer = panels if most < 1 or converged else refined(panels, points, allowed, most)
        if finer == panels:
            values = torch.stack([panel.values(points) for panel in panels]).sum(dim=0)
            return Attribution(tuple(values.tolist()), _delta(values, points), len(points), converged)
        panels = finer


def _ask(path: Path, shares: Sequence[float]) -> _Asking:
    """What is to be known of points, by few rows at a time; of their gradients only the tokens' contributions stay."""
    points: dict[float, Point] = {}
    for chunk in path.chunks(shares):
        results = yield [path.row(share) for share in chunk]
        for share, result in zip(chunk, results, strict=True):
            points[share] = Point(result.value, path.contributions(result))
    return points


def _allowed(points: dict[float, Point], tolerance: float) -> float:
    """The largest delta: a share of the change between baseline and text, and no less than what rounding makes."""
    change = abs(points[1.0].value - points[0.0].value)
    return max(tolerance * change, _ROUNDING * max(abs(point.value) for point in points.values()))


def _suffices(panels: Sequence[Panel], points: dict[float, Point], allowed: float) -> bool:
    missed = [panel.missed(points) for panel in panels]
    return abs(sum(missed)) <= allowed and sum(map(abs, missed)) <= _CANCELLED * allowed


def _delta(values: torch.Tensor, points: dict[float, Point]) -> float:
    return float(values.sum()) - (points[1.0].value - points[0.0].value)
