import pytest

from transformermodel_predictor.engines.alike import run_alike


def test_rows_that_are_alike_run_together_and_are_answered_in_their_own_order() -> None:
    runs: list[list[str]] = []

    def run(rows: list[str]) -> list[str]:
        runs.append(rows)
        return [row.upper() for row in rows]

    assert run_alike(["ab", "c", "de", "f", "ghi"], len, run) == ["AB", "C", "DE", "F", "GHI"]
    assert runs == [["ab", "de"], ["c", "f"], ["ghi"]]


def test_nothing_is_run_without_rows() -> None:
    assert run_alike([], len, pytest.fail) == []


def test_a_run_that_answers_fewer_rows_than_it_was_given_is_not_taken() -> None:
    with pytest.raises(ValueError, match="shorter"):
        run_alike(["a", "b"], len, lambda rows: rows[:1])
