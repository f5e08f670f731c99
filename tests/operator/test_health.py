"""The process calls itself ill only where a restart would help."""

from dataclasses import dataclass

from transformermodel_operator.health import LONGEST_SILENCE, LONGEST_WORK, liveness_problems


@dataclass(frozen=True)
class Watch:
    quiet_for: float
    name: str = "the watch of jobs in all namespaces"


@dataclass(frozen=True)
class Queue:
    seconds: tuple[float, ...] = ()

    def worked_on(self) -> tuple[float, ...]:
        return self.seconds


def test_silence_between_two_ends_of_a_watch_is_no_problem() -> None:
    assert liveness_problems([Watch(LONGEST_SILENCE)], Queue((LONGEST_WORK,))) == ()


def test_a_watch_of_which_nothing_comes_is_dead() -> None:
    (found,) = liveness_problems([Watch(1), Watch(LONGEST_SILENCE + 1)], Queue())
    assert found == "Nothing has come of the watch of jobs in all namespaces for 601 s."


def test_work_that_does_not_end_is_stuck() -> None:
    assert liveness_problems([Watch(1)], Queue((3, LONGEST_WORK + 5))) == ("One model has been worked on for 605 s.",)
