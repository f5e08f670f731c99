"""Driving a method: each row is answered by who can, in the method's order."""

from collections.abc import Sequence

import pytest
import torch

from tests.predictor.explanations.by_hand import Formula, OnlyLogit, target
from transformermodel_predictor.explanations.driving import drive, run_rows
from transformermodel_predictor.explanations.rows import ForwardRow, GradientRow, Result, RowGenerator
from transformermodel_predictor.tasks.task import Encoding

ENCODING = target([[10]]).encoding


class Twin:
    """Tells how many rows it was asked for together."""

    def embed(self, encoding: Encoding) -> torch.Tensor:
        return torch.zeros(len(encoding), 1)

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        return [Result(float(len(rows)), row.embedded) for row in rows]


def test_rows_of_both_kinds_keep_their_order() -> None:
    engine = Formula(len)
    forward = ForwardRow(ENCODING, OnlyLogit())
    gradient = GradientRow(ENCODING, torch.zeros(3, 1), OnlyLogit())
    found = run_rows([gradient, forward, gradient, forward], engine, Twin())
    assert [(result.value, result.gradient is None) for result in found] == [
        (2.0, False),
        (3.0, True),
        (2.0, False),
        (3.0, True),
    ]
    assert [len(step) for step in engine.steps] == [2]


def test_gradients_need_a_twin() -> None:
    with pytest.raises(LookupError, match="no differentiable twin"):
        run_rows([GradientRow(ENCODING, torch.zeros(3, 1), OnlyLogit())], Formula(len))


def test_what_a_method_finds_without_asking_is_found() -> None:
    def knowing():  # type: ignore[no-untyped-def]  # noqa: ANN202
        return 7
        yield

    assert drive(knowing(), Formula(len)) == 7


def test_no_more_tokens_run_together_than_is_said() -> None:
    """But a row that has more, which runs by itself."""
    engine = Formula(len)

    def asking() -> RowGenerator[list[float]]:
        return [result.value for result in (yield [ForwardRow(ENCODING, OnlyLogit())] * 5)]

    assert drive(asking(), engine, most_tokens=2 * len(ENCODING)) == [3.0] * 5
    drive(asking(), engine, most_tokens=1)
    assert [len(step) for step in engine.steps] == [2, 2, 1, 1, 1, 1, 1, 1]


def test_words_are_not_left_out_without_an_engine() -> None:
    with pytest.raises(LookupError, match="no engine"):
        run_rows([ForwardRow(ENCODING, OnlyLogit())], None)
