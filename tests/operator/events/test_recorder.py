"""Events are written once, and counted when they come again."""

from typing import Any

import pytest

from tests.operator.world import NOW, Object, model
from transformermodel_operator.client import ApiError
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.events.recorder import Recorder
from transformermodel_operator.objects import Document, Kind, Reference
from transformermodel_operator.reasons import EventType, Reason

MODEL = model()
GATED = Event(EventType.Warning, Reason.Gated, "No access.")


class Events:
    """Where events go; a test may let it fail."""

    def __init__(self) -> None:
        self.created: list[Object] = []
        self.merged: list[tuple[Reference, Document]] = []
        self.error: ApiError | None = None
        self.passing: list[ApiError] = []

    async def create(self, kind: Kind, document: Document) -> Document:
        if self.error is not None:
            raise self.error
        if self.passing:
            raise self.passing.pop()
        self.created.append(dict(document))
        return document

    async def merge(self, reference: Reference, change: Document) -> Document:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.merged.append((reference, change))
        return change


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def recorder(events: Events, slept: list[float]) -> Recorder:
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    return Recorder(events, "one", lambda: NOW, sleep)


async def test_an_event_names_the_model_and_the_replica(events: Events, recorder: Recorder) -> None:
    await recorder.record(MODEL, [GATED])
    event = events.created[0]
    assert (event["type"], event["reason"], event["note"]) == ("Warning", "Gated", "No access.")
    assert event["regarding"] == {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "namespace": "team",
        "name": "sentiment",
        "uid": "uid-of-model",
    }
    assert event["metadata"]["namespace"] == "team"
    assert (event["reportingController"], event["action"]) == ("transformermodel.dev/operator", "Reconcile")
    assert event["reportingInstance"] == "transformermodel-operator-one"
    assert event["eventTime"] == "2026-11-22T12:00:00.000000Z"


async def test_the_same_event_again_is_counted(events: Events, recorder: Recorder) -> None:
    for _ in range(3):
        await recorder.record(MODEL, [GATED])
    assert len(events.created) == 1
    assert [change["series"]["count"] for _, change in events.merged] == [2, 3]
    assert events.merged[0][1]["series"]["lastObservedTime"] == "2026-11-22T12:00:00.000000Z"
    assert {reference.name for reference, _ in events.merged} == {events.created[0]["metadata"]["name"]}


@pytest.mark.parametrize(
    "other",
    [
        (MODEL, Event(EventType.Warning, Reason.Gated, "Still no access.")),
        (MODEL, Event(EventType.Normal, Reason.Prepared, "No access.")),
        (model(metadata={"uid": "uid-of-a-namesake"}), GATED),
    ],
)
async def test_another_event_is_another_object(events: Events, recorder: Recorder, other: tuple[Any, Event]) -> None:
    await recorder.record(MODEL, [GATED])
    await recorder.record(other[0], [other[1]])
    assert len({event["metadata"]["name"] for event in events.created}) == 2
    assert events.merged == []


async def test_an_event_that_the_api_server_has_forgotten_is_written_anew(events: Events) -> None:
    moments = iter([NOW, NOW.replace(hour=14), NOW.replace(hour=14)])
    recorder = Recorder(events, "one", lambda: next(moments))
    await recorder.record(MODEL, [GATED])
    events.error = ApiError(404, "not found")
    await recorder.record(MODEL, [GATED])
    assert len({event["metadata"]["name"] for event in events.created}) == 2


async def test_an_event_is_told_once_the_api_server_answers_again(
    events: Events, recorder: Recorder, slept: list[float]
) -> None:
    events.passing = [ApiError(0, "connection refused"), ApiError(500, "", retry_after=7)]
    await recorder.record(MODEL, [GATED])
    assert len(events.created) == 1
    assert slept[0] >= 7
    assert len(slept) == 2


async def test_an_event_whose_answer_was_lost_has_been_told(
    events: Events, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    events.passing = [*[ApiError(409, "it exists", reason="AlreadyExists")] * 4, ApiError(0, "connection reset")]
    await recorder.record(MODEL, [GATED])
    assert "is lost" not in caplog.text
    await recorder.record(MODEL, [GATED])
    assert [change["series"]["count"] for _, change in events.merged] == [2]


async def test_of_very_many_events_those_told_last_are_counted(events: Events, recorder: Recorder) -> None:
    async def tell(*numbers: int) -> None:
        await recorder.record(MODEL, [Event(EventType.Warning, Reason.Gated, f"Attempt {n}.") for n in numbers])

    await tell(*range(1024))
    await tell(0)
    await tell(1024)
    assert (len(events.created), len(events.merged)) == (1025, 1)
    await tell(0, 1024)
    assert (len(events.created), len(events.merged)) == (1025, 3)
    await tell(1)
    assert (len(events.created), len(events.merged)) == (1026, 3)


async def test_an_event_that_cannot_be_written_holds_nothing_up(
    events: Events, recorder: Recorder, slept: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    events.error = ApiError(403, "the namespace is being terminated")
    await recorder.record(MODEL, [GATED])
    assert slept == []
    assert "event Gated about team/sentiment is lost: the namespace is being terminated" in caplog.text


@pytest.mark.parametrize(("message", "note"), [("x" * 5000, "x" * 1024), ("a" + "ü" * 1024, "a" + "ü" * 511)])
async def test_a_note_is_cut_to_the_bytes_that_events_take(
    events: Events, recorder: Recorder, message: str, note: str
) -> None:
    await recorder.record(MODEL, [Event(EventType.Normal, Reason.Internal, message)])
    assert events.created[0]["note"] == note
