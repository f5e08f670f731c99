"""The linear models, against their definitions."""

import pytest
import torch

from transformermodel_predictor.explanations.coalitions import indicators
from transformermodel_predictor.explanations.regression import fit_ridge, fit_shares

ALL_OF_THREE = range(1, 7)
WEIGHTS = torch.tensor([1.0, 1, 0.5, 1, 0.5, 0.5], dtype=torch.float64)


def test_shares_of_a_linear_worth_are_its_coefficients() -> None:
    present = indicators(ALL_OF_THREE, 3)
    worth = present @ torch.tensor([3.0, -1, 0.5], dtype=torch.float64)
    assert fit_shares(present, worth, WEIGHTS, 2.5) == pytest.approx([3, -1, 0.5])


def test_shares_minimise_the_weighted_error_among_those_that_sum_to_the_total() -> None:
    torch.manual_seed(0)
    present, worth = indicators(ALL_OF_THREE, 3), torch.randn(6, dtype=torch.float64)

    def error(shares: torch.Tensor) -> float:
        return float((WEIGHTS * (worth - present @ shares) ** 2).sum())

    found = torch.tensor(fit_shares(present, worth, WEIGHTS, 1.75), dtype=torch.float64)
    assert float(found.sum()) == pytest.approx(1.75)
    for direction in ([1.0, -1, 0], [0, 1, -1], [1, 0, -1]):
        step = 0.01 * torch.tensor(direction, dtype=torch.float64)
        assert error(found) < min(error(found + step), error(found - step))


def test_players_that_no_row_tells_apart_share_alike() -> None:
    present = indicators([0b00001, 0b11110], 5)
    found = fit_shares(present, torch.tensor([2.0, 4], dtype=torch.float64), torch.ones(2, dtype=torch.float64), 6)
    assert found == pytest.approx([2, 1, 1, 1, 1])


@pytest.mark.parametrize("players", [0, 1, 4])
def test_without_rows_the_total_is_shared_evenly(players: int) -> None:
    nothing = torch.empty(0, dtype=torch.float64)
    assert fit_shares(indicators([], players), nothing, nothing, 2.0) == [2.0 / players for _ in range(players)]


def test_ridge_meets_its_normal_equations() -> None:
    torch.manual_seed(0)
    present, worth = indicators(range(8), 3), torch.randn(8, dtype=torch.float64)
    weights = torch.rand(8, dtype=torch.float64)
    coefficients = torch.tensor(fit_ridge(present, worth, weights, 0.3), dtype=torch.float64)
    intercept = (weights * (worth - present @ coefficients)).sum() / weights.sum()
    residual = worth - intercept - present @ coefficients
    assert (present.T @ (weights * residual)).tolist() == pytest.approx((0.3 * coefficients).tolist())


def test_ridge_has_an_answer_with_more_players_than_rows() -> None:
    found = fit_ridge(indicators([0b1111, 0b0111], 4), torch.tensor([5.0, 1], dtype=torch.float64), torch.ones(2), 1e-6)
    assert found == pytest.approx([0, 0, 0, 4], abs=1e-4)
