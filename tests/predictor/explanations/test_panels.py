import math
from collections.abc import Callable, Iterable

import pytest
import torch

from transformermodel_predictor.explanations.panels import NEW_NODES, Panel, Point, even_panels, refine


def known(
    panels: Iterable[Panel], objective: Callable[[float], float], slope: Callable[[float], float]
) -> dict[float, Point]:
    """Two tokens, the second of which changes twice as much as the first."""
    shares = torch.tensor([1, 2], dtype=torch.float64) / 3
    return {node: Point(objective(node), shares * slope(node)) for panel in panels for node in panel.nodes}


def test_the_values_are_integrals() -> None:
    panels = even_panels(2)
    points = known(panels, math.exp, math.exp)
    total = sum(panel.values(points) for panel in panels)
    assert isinstance(total, torch.Tensor)
    assert total.tolist() == pytest.approx([(math.e - 1) / 3, (math.e - 1) * 2 / 3])
    assert [panel.error(points) for panel in panels] == pytest.approx([0, 0], abs=1e-8)


def step(share: float) -> float:
    """Changes between 0.55 and 0.6 almost alone."""
    return math.tanh((share - 0.575) * 80)


def steepness(share: float) -> float:
    return 80 / math.cosh((share - 0.575) * 80) ** 2


def test_only_the_part_where_something_happens_is_halved() -> None:
    panels = even_panels(4)
    halved = refine(panels, known(panels, step, steepness), allowed=0.01, most=4)
    assert halved == (Panel(0, 0.25), Panel(0.25, 0.5), Panel(0.5, 0.625), Panel(0.625, 0.75), Panel(0.75, 1))


def test_halving_takes_over_ends_and_middle() -> None:
    panels = even_panels(2)
    before = {node for panel in panels for node in panel.nodes}
    after = {
        node for panel in refine(panels, known(panels, step, steepness), allowed=0.0, most=1) for node in panel.nodes
    }
    assert len(after - before) == NEW_NODES


def test_no_more_parts_are_halved_than_may() -> None:
    panels = even_panels(8)
    points = known(panels, lambda share: share, lambda _: 0.0)  # all miss the same
    assert len(refine(panels, points, allowed=0.0, most=3)) == 11


@pytest.mark.parametrize(("allowed", "halved"), [(0.0, 8), (0.13, 5), (0.3, 1), (9.0, 1)])
def test_as_few_parts_are_halved_as_leave_the_others_missing_little(allowed: float, halved: int) -> None:
    """Each of eight parts misses an eighth; the others may miss three times what is allowed; one is halved anyway."""
    panels = even_panels(8)
    points = known(panels, lambda share: share, lambda _: 0.0)
    assert len(refine(panels, points, allowed, most=8)) == 8 + halved


@pytest.mark.parametrize(("jump", "most_halvings"), [(0.3, 30), (0.0, 110)])
def test_parts_are_not_halved_for_what_the_model_jumps_over(jump: float, most_halvings: int) -> None:
    """Near the baseline they are halved for longer: a normalization of nearly nothing changes fast there."""

    def jumping(share: float) -> float:
        return float(share > jump)

    panels, points, halvings = even_panels(2), {}, 0
    while True:
        points |= known(panels, jumping, lambda _: 0.0)
        finer = refine(panels, points, 0.02, most=10)
        if finer == panels:
            break
        panels, halvings = finer, halvings + 1
    assert halvings < most_halvings
    (missing,) = [panel for panel in panels if panel.error(points)]
    assert missing.start <= jump <= missing.stop
    assert missing.stop - missing.start < 1e-5
