"""What is told of a request's way: the work and the waits, and nothing where nobody asks."""

from contextvars import copy_context

from transformermodel_predictor.telemetry.timeline import Phase, Timeline, new_timeline, noted, recording_timelines


def test_waits_are_between_the_parts_of_the_work() -> None:
    timeline = Timeline(10.0)
    for phase in (
        ("tokenize", 10.5, 11.0),
        ("forward", 11.0001, 12.0),
        ("forward", 13.0, 14.0),
        ("decode", 14.0, 15.0),
    ):
        timeline.add(*phase)

    assert timeline.phases == [
        Phase("queue", 10.0, 10.5),
        Phase("tokenize", 10.5, 11.0),
        Phase("forward", 11.0001, 12.0),  # what is shorter than a millisecond is no wait
        Phase("queue", 12.0, 13.0),
        Phase("forward", 13.0, 14.0),
        Phase("decode", 14.0, 15.0),
    ]


def test_a_step_of_many_rows_is_one_phase() -> None:
    timeline = Timeline(1.0)
    for _ in range(3):
        timeline.add("forward", 1.0, 2.0)

    assert [phase.name for phase in timeline.phases] == ["queue", "forward"]


def test_timelines_are_kept_where_somebody_wants_them_and_by_what_is_begun_there() -> None:
    with recording_timelines() as timelines:
        there = copy_context()
        inner = there.run(new_timeline, 2.0)

    assert inner is not None
    assert timelines == [inner]
    assert new_timeline(3.0) is None


def test_work_is_left_as_it_is_where_nobody_asks() -> None:
    def work() -> int:
        return 4

    with recording_timelines() as timelines:
        told = noted("tokenize", work)

    assert noted("tokenize", work) is work
    assert told() == 4
    assert [phase.name for timeline in timelines for phase in timeline.phases] == ["queue", "tokenize"]
