import math

import pytest

from transformermodel_predictor.explanations.quadrature import LOBATTO, Rule, gauss_legendre


def integral(rule: Rule, degree: int) -> float:
    """Of a power from 0 to 1, which is 1 / (degree + 1)."""
    return math.fsum(weight * node**degree for node, weight in zip(rule.nodes, rule.weights, strict=True))


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_gauss_and_legendre_are_exact_up_to_twice_the_steps(steps: int) -> None:
    rule = gauss_legendre(steps)
    assert list(rule.nodes) == sorted(rule.nodes)
    for degree in (0, steps, 2 * steps - 1):
        assert integral(rule, degree) == pytest.approx(1 / (degree + 1), abs=1e-13)


def test_a_thousand_steps_still_sum_to_one() -> None:
    assert math.fsum(gauss_legendre(1000).weights) == pytest.approx(1, abs=1e-12)


def test_gauss_and_lobatto_are_exact_up_to_the_seventh_degree() -> None:
    assert [integral(LOBATTO, degree) for degree in range(8)] == pytest.approx([1 / (n + 1) for n in range(8)])
    assert integral(LOBATTO, 8) != pytest.approx(1 / 9, abs=1e-6)
