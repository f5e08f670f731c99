"""How far a preparation is: read from its log, told now and then."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from tests.operator.world import Object, pod
from transformermodel_api.contract import PreparationProgress, read_progress
from transformermodel_operator.client import ApiError
from transformermodel_operator.objects import JOB, Document, Key, Kind, Reference
from transformermodel_operator.pods.progress import ProgressReader, is_worth_reporting

MODEL = Key("team", "sentiment")
A_JOB = Reference(JOB, "team", "sentiment-prepare-1")


def at(percent: int, **fields: int) -> PreparationProgress:
    return PreparationProgress(step="Acquire", percent=percent, **fields)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", None),
        ("Traceback\n{broken\n", None),
        ('{"step": "Resolve", "detail": "hf://org/name", "percent": 0}', 0),
        ('{"step": "Acquire", "percent": 3, "bytesDone": 1, "bytesTotal": 2}\nwarning: slow\n', 3),
        ('{"step": "Publish", "percent": 98}\n{"outcome": "Prepared", "digest": "d"}\n', 98),
        ('{"step": "Acquire", "percent": 3, "later": "version"}', 3),
    ],
)
def test_the_last_word_on_progress_counts(log: str, expected: int | None) -> None:
    found = read_progress(log)
    assert (found.percent if found is not None else None) == expected


@pytest.mark.parametrize(
    ("reported", "now", "seconds", "expected"),
    [
        (None, at(0), 0, True),
        (at(3), at(3), 1000, False),
        (at(3), at(4), 14, False),
        (at(3), at(4), 15, True),
        (at(3), at(8), 1, True),
        (at(3, bytes_done=1), at(3, bytes_done=2), 15, True),
    ],
)
def test_progress_is_told_every_fifteen_seconds_or_five_percent(
    reported: PreparationProgress | None, now: PreparationProgress, seconds: float, expected: bool
) -> None:
    assert is_worth_reporting(reported, now, seconds) is expected


@dataclass
class Logs:
    """The API server: the pods of one Job, and their logs."""

    text: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    broken: bool = False
    pods: list[Object] = field(default_factory=lambda: [pod(running={})])
    lists: int = 0

    async def list(self, kind: Kind, namespace: str | None, selector: str | None) -> tuple[Sequence[Document], int]:
        assert selector == "batch.kubernetes.io/job-name=sentiment-prepare-1"
        self.lists += 1
        return self.pods, 1

    async def log(self, pod: Reference, container: str, lines: int) -> str:
        if self.broken:
            raise ApiError(500, "the node is gone")
        return self.texts.get(pod.name, self.text)


@dataclass
class World:
    """A reader whose time stands still between looks."""

    logs: Logs = field(default_factory=Logs)
    time: float = 0.0
    changed: list[Key] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reader = ProgressReader(self.logs, self.changed.append, lambda: self.time, self._sleep)

    async def look(self, seconds: float = 5.0) -> None:
        """One look at all logs, so many seconds after the last."""
        self.time += seconds
        with pytest.raises(asyncio.CancelledError):
            await self.reader.run()

    async def _sleep(self, seconds: float) -> None:
        raise asyncio.CancelledError


async def test_a_model_is_looked_at_again_when_its_log_has_news() -> None:
    world = World()
    assert world.reader.follow(MODEL, A_JOB) is None
    for percent in (1, 2, 30):
        world.logs.text = at(percent).line()
        await world.look()
    assert world.changed == [MODEL, MODEL]
    assert world.reader.follow(MODEL, A_JOB) == at(30)
    assert world.logs.lists == 1


async def test_another_job_begins_at_nothing_and_none_is_not_read() -> None:
    world = World(Logs(at(50).line()))
    world.reader.follow(MODEL, A_JOB)
    await world.look()
    assert world.reader.follow(MODEL, Reference(JOB, "team", "sentiment-prepare-2")) is None
    assert world.reader.follow(MODEL, None) is None
    await world.look()
    assert world.logs.lists == 1


async def test_a_log_that_cannot_be_read_is_tried_again_with_the_pod_of_then() -> None:
    world = World(Logs(at(50).line(), broken=True))
    world.reader.follow(MODEL, A_JOB)
    await world.look()
    assert world.changed == []
    world.logs.broken = False
    await world.look()
    assert world.changed == [MODEL]
    assert world.logs.lists == 2


async def test_the_log_of_a_pod_that_replaces_a_failed_one_is_read() -> None:
    failed, replacement = pod(created="2026-11-22T11:00:00Z"), pod(created="2026-11-22T11:05:00Z")
    world = World(Logs(at(50).line(), pods=[failed]))
    world.reader.follow(MODEL, A_JOB)
    await world.look()
    world.logs.texts[replacement["metadata"]["name"]] = at(1).line()
    world.logs.pods = [failed, replacement]
    await world.look()  # the failed pod's log is as it was
    await world.look(15.0)
    assert world.reader.follow(MODEL, A_JOB) == at(1)
    assert world.changed == [MODEL, MODEL]


async def test_a_job_without_a_pod_has_no_progress() -> None:
    world = World(Logs(pods=[]))
    world.reader.follow(MODEL, A_JOB)
    await world.look()
    assert world.changed == []
