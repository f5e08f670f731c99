import pytest

from transformermodel_predictor.explanations.pace import Pace


def test_pieces_are_as_long_as_what_ran_before_lets_expect() -> None:
    pace = Pace()
    pace.learn(100, 0.1)
    assert pace.tokens(short=True) == pytest.approx(8, abs=1)
    assert pace.tokens(short=False) == pytest.approx(50, abs=1)


def test_a_slower_machine_makes_them_shorter_little_by_little() -> None:
    pace = Pace()
    pace.learn(100, 0.1)
    before = pace.tokens(short=False)
    pace.learn(100, 0.2)
    after = pace.tokens(short=False)
    assert before / 2 < after < before


def test_a_piece_without_tokens_teaches_nothing() -> None:
    pace = Pace()
    first = pace.tokens(short=True)
    pace.learn(0, 1.0)
    assert pace.tokens(short=True) == first


def test_slow_pieces_do_not_become_smaller_than_is_said() -> None:
    pace = Pace(least=64)
    pace.learn(6, 0.1)
    assert pace.tokens(short=True) == pace.tokens(short=False) == 64
    for _ in range(20):
        pace.learn(64, 0.0064)
    assert pace.tokens(short=False) > 64
