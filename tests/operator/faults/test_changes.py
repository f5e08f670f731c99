"""Whatever field of spec is changed, a model ends as one that was made so, and comes back when it is changed back.

The fields are those of the schema: a new one is changed too, without a word here. Usually each is changed once, from
absent to a value where it can be absent, and fields of different parts are changed together, in a model of their own.
`CHANGES=every` changes each alone, through all the values that the tests know.
"""

import os

import pytest

from tests.operator.faults.cases import Case, cases
from tests.operator.faults.changes import Course, play
from tests.operator.faults.comparison import differences
from tests.operator.faults.states import State, deployment_in, ready_in, without_history
from tests.operator.faults.theatre import Theatre
from tests.unit.api.fields import fields

EVERY = os.environ.get("CHANGES") == "every"
ROUNDS = max(len(field.specs()) for field in fields()) - 1 if EVERY else 1

OF_THE_PAST = {
    "suspend": "what ran when it was set goes on, and where nothing ran nothing begins",
    "rollout.pinnedRevision": "it names what the model was before",
    "predictor.minReplicas": "with none, what served last is remembered",
}
"""Fields by which a model that was changed is another than one that was made so, and why."""


@pytest.fixture(scope="module", params=range(ROUNDS))
def number(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


@pytest.fixture(scope="module")
def changed(number: int) -> list[Case]:
    return cases(number, alone=EVERY)


@pytest.fixture(scope="module")
def course(theatre: Theatre, number: int, changed: list[Case]) -> Course:
    (found,) = theatre.play([lambda boards: play(boards, changed, str(number))])
    return found


def deviations(state: State, expected: State) -> str:
    return "\n".join(map(str, differences(without_history(state), without_history(expected))))


def expected(number: int) -> set[str]:
    """What may be otherwise once it is taken back: what a model was made with before it had a past."""
    return set() if number == 0 else set(OF_THE_PAST)


def test_every_model_becomes_ready(course: Course, changed: list[Case]) -> None:
    for case in changed:
        if str(case) not in OF_THE_PAST:
            assert ready_in(course.before[case.name])["status"] == "True", str(case)
            assert ready_in(course.after[case.name])["status"] == "True", str(case)


def test_a_model_that_was_changed_is_as_one_that_was_made_so(course: Course, changed: list[Case]) -> None:
    found = {str(case): deviations(course.after[case.name], course.fresh[case.name]) for case in changed}
    assert {name for name, wrong in found.items() if wrong} <= set(OF_THE_PAST), found


def test_a_change_that_is_taken_back_leaves_nothing(course: Course, changed: list[Case], number: int) -> None:
    found = {str(case): deviations(course.undone[case.name], course.before[case.name]) for case in changed}
    assert {name for name, wrong in found.items() if wrong} <= expected(number), found


def test_what_the_schema_does_not_allow_is_refused(course: Course) -> None:
    assert course.let_pass == []


def test_what_nobody_should_write_is_answered_while_the_old_serves(course: Course, changed: list[Case]) -> None:
    """It is served, or a condition says why it is not, and then the Deployment stays what it was."""
    before = course.undone
    for states in course.strange:
        for case in changed:
            ready = ready_in(states[case.name])
            assert ready["message"], str(case)
            if ready["status"] != "True":
                former = deployment_in(without_history(before[case.name]))
                assert differences(deployment_in(without_history(states[case.name])), former) == [], str(case)
        before = states


def test_what_nobody_should_write_leaves_nothing_when_it_is_taken_back(
    course: Course, changed: list[Case], number: int
) -> None:
    found = {str(case): deviations(course.mended[case.name], course.before[case.name]) for case in changed}
    assert {name for name, wrong in found.items() if wrong} <= expected(number), found
