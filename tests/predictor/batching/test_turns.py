"""Which of several replicas takes a request."""

from dataclasses import dataclass

import pytest

from transformermodel_predictor.batching.turns import Turns


@dataclass
class Device:
    """A replica with so many requests in the house."""

    name: str
    admitted: int = 0


def test_replicas_that_are_equally_busy_take_turns() -> None:
    turns = Turns([Device("first"), Device("second"), Device("third")])

    assert [turns.next().name for _ in range(5)] == ["first", "second", "third", "first", "second"]


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_the_least_busy_one_is_taken_whoever_has_the_turn(turn: int) -> None:
    turns = Turns([Device("busy", 2), Device("idle", 0), Device("slow", 1)])
    for _ in range(turn):
        turns.next()

    assert turns.next().name == "idle"


def test_of_those_that_are_least_busy_the_next_in_turn_is_taken() -> None:
    turns = Turns([Device("first"), Device("busy", 1), Device("third")])

    assert [turns.next().name for _ in range(4)] == ["first", "third", "third", "first"]


def test_one_alone_takes_all() -> None:
    turns = Turns([Device("only", 5)])

    assert [turns.next().name for _ in range(2)] == ["only", "only"]
