"""Linear models of what coalitions are worth, in float64. Pure; nothing is ever divided by zero."""

import torch


def fit_shares(present: torch.Tensor, worth: torch.Tensor, weights: torch.Tensor, total: float) -> list[float]:
    """Weighted least squares without an intercept, whose coefficients sum to a given total exactly.

    Minimises sum_k weights[k] * (worth[k] - present[k] @ shares)^2 subject to sum(shares) = total. An equal share for
    everyone meets the constraint, and what deviates from it has to sum to zero; so the deviation is fitted to the
    centred indicators, and the constraint needs no large weight. Where the rows do not determine it, it is the smallest
    in the Euclidean norm: players that nothing tells apart have equal shares.

    Args:
        present: who is present, float64 [rows, players] of 0 and 1.
        worth: of each row less that of nobody, float64 [rows].
        weights: at least 0, float64 [rows].
        total: worth of everyone less that of nobody.
    """
    rows, players = present.shape
    if rows == 0 or players == 0:
        return [total / players for _ in range(players)]
    sizes = present.sum(dim=1)
    centred = present - sizes.unsqueeze(1) / players
    unexplained = worth - sizes * total / players
    root = weights.sqrt()
    # gelsd is the driver that finds the smallest of many solutions
    deviation = torch.linalg.lstsq(centred * root.unsqueeze(1), unexplained * root, driver="gelsd").solution
    shares: list[float] = (total / players + deviation - deviation.mean()).tolist()
    return shares


def fit_ridge(present: torch.Tensor, worth: torch.Tensor, weights: torch.Tensor, penalty: float) -> list[float]:
    """The coefficients of weighted ridge regression with an intercept, which is not penalised.

    Minimises sum_k weights[k] * (worth[k] - intercept - present[k] @ coefficients)^2 + penalty * |coefficients|^2
    (A. E. Hoerl and R. W. Kennard, Ridge Regression, Technometrics 12, 1970). The penalty makes the solution unique
    whatever the rows are.

    Args:
        present: who is present, float64 [rows, players] of 0 and 1, at least one row.
        worth: of each row, float64 [rows].
        weights: float64 [rows], at least 0 and not all 0.
        penalty: above 0.
    """
    shares = (weights / weights.sum()).unsqueeze(1)
    centred = present - (shares * present).sum(dim=0)
    spread = worth - (shares.squeeze(1) * worth).sum()
    weighted = centred * weights.unsqueeze(1)
    normal = weighted.T @ centred + penalty * torch.eye(present.shape[1], dtype=torch.float64)
    coefficients: list[float] = torch.linalg.solve(normal, weighted.T @ spread).tolist()
    return coefficients
