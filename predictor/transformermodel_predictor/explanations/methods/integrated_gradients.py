"""Layer integrated gradients: each token's contribution along the straight path from baseline to text.

M. Sundararajan, A. Taly and Q. Yan, Axiomatic Attribution for Deep Networks (ICML 2017), at the embedding output: the
difference between a token's embeddings in text and baseline times the mean gradient along the path, summed over the
width. The values sum to the objective's change from baseline to text (completeness), up to the convergence delta.
"""

from collections.abc import Mapping, Sequence

import torch

from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.panels import NEW_NODES, Panel, Point, even_panels, refine
from transformermodel_predictor.explanations.path import Embed, Path, attributed_tokens, baseline_token_of, embedding_of
from transformermodel_predictor.explanations.quadrature import LOBATTO, gauss_legendre
from transformermodel_predictor.explanations.rows import AttributionGenerator, RowGenerator
from transformermodel_predictor.explanations.target import Target

_INTERVALS = len(LOBATTO.nodes) - 1
_CANCELLATION = 5
"""Limit on the sum of the panels' absolute errors, as a multiple of the allowed delta: errors may cancel by luck."""
_ROUNDING = 1e-6
"""As a share of the largest objective on the path: a smaller delta is float32 rounding."""


def attribute(target: Target, options: Options, access: ModelAccess) -> AttributionGenerator:
    """Integrate adaptively where `steps` is below `most_steps`, else with exactly that number of steps.

    Adaptive: the path is divided into panels sampled by the Gauss-Lobatto rule, about `steps` points at first; panels
    whose contributions do not add up to the objective's change over them are halved, until the delta is within the
    tolerance or `most_steps` is reached. Fixed: Gauss-Legendre with `most_steps` nodes, the same as Captum.

    Raises:
        InvalidQuestion: the model has no such baseline, or no gradients.
    """
    embed, baseline_token = embedding_of(access), baseline_token_of(options.baseline, access)
    return _integrate(target, options, baseline_token, embed)


def _integrate(target: Target, options: Options, baseline_token: int | None, embed: Embed) -> AttributionGenerator:
    if not any(attributed_tokens(target)):
        return Attribution((0.0,) * len(target.encoding), delta=0.0, steps=0)
    path = Path.between(target, baseline_token, embed)
    if options.steps >= options.most_steps or options.most_steps <= _INTERVALS:
        return (yield from _fixed(path, options))
    return (yield from _adaptive(path, options))


def _fixed(path: Path, options: Options) -> AttributionGenerator:
    rule = gauss_legendre(options.most_steps)
    points = yield from _evaluate(path, (0.0, *rule.nodes, 1.0))
    weighted = [weight * points[node].contributions for node, weight in zip(rule.nodes, rule.weights, strict=True)]
    values = torch.stack(weighted).sum(dim=0)
    delta = _delta(values, points)
    converged = abs(delta) <= _allowed(points, options.tolerance)
    return Attribution(tuple(values.tolist()), delta, options.most_steps, converged)


def _adaptive(path: Path, options: Options) -> AttributionGenerator:
    panels = even_panels(max(1, options.steps // _INTERVALS))
    points: dict[float, Point] = {}
    while True:
        new_nodes = {node for panel in panels for node in panel.nodes} - points.keys()
        points |= yield from _evaluate(path, sorted(new_nodes))
        most, allowed = (options.most_steps - len(points)) // NEW_NODES, _allowed(points, options.tolerance)
        converged = _suffices(panels, points, allowed)
        finer = panels if most < 1 or converged else refine(panels, points, allowed, most)
        if finer == panels:
            values = torch.stack([panel.values(points) for panel in panels]).sum(dim=0)
            return Attribution(tuple(values.tolist()), _delta(values, points), len(points), converged)
        panels = finer


def _evaluate(path: Path, alphas: Sequence[float]) -> RowGenerator[dict[float, Point]]:
    """Evaluate points of the path in small batches; of each gradient only the tokens' contributions are kept."""
    points: dict[float, Point] = {}
    for chunk in path.chunks(alphas):
        results = yield [path.row(alpha) for alpha in chunk]
        for alpha, result in zip(chunk, results, strict=True):
            points[alpha] = Point(result.value, path.contributions(result))
    return points


def _allowed(points: Mapping[float, Point], tolerance: float) -> float:
    """The largest delta: a share of the objective's change from baseline to text, at least the rounding error."""
    change = abs(points[1.0].value - points[0.0].value)
    return max(tolerance * change, _ROUNDING * max(abs(point.value) for point in points.values()))


def _suffices(panels: Sequence[Panel], points: Mapping[float, Point], allowed: float) -> bool:
    errors = [panel.error(points) for panel in panels]
    return abs(sum(errors)) <= allowed and sum(map(abs, errors)) <= _CANCELLATION * allowed


def _delta(values: torch.Tensor, points: Mapping[float, Point]) -> float:
    return float(values.sum()) - (points[1.0].value - points[0.0].value)
