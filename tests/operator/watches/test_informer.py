"""An informer keeps its store true, whatever becomes of its watches."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.operator.watches.test_store import Object, child
from transformermodel_operator.client import ApiError
from transformermodel_operator.objects import INFERENCE_SERVICE, MODEL_LABEL, Document, Key, Kind, key_of_child
from transformermodel_operator.watches.informer import Informer
from transformermodel_operator.watches.store import Store

Step = tuple[list[Object], int] | ApiError | list[tuple[str, Object]]


class Script:
    """A source whose lists and watches are written down; at its end it is quiet for ever."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.asked: list[Any] = []
        self.over = asyncio.Event()

    async def hand_over(
        self, kind: Kind, namespace: str | None, selector: str | None, take: Callable[[Document], None]
    ) -> int:
        self.asked.append((kind.plural, namespace, selector))
        step = await self._next()
        assert isinstance(step, tuple)
        for document in step[0]:
            take(document)
        return step[1]

    async def watch(
        self, kind: Kind, namespace: str | None, selector: str | None, version: int
    ) -> AsyncIterator[tuple[str, Document]]:
        self.asked.append(version)
        step = await self._next()
        assert isinstance(step, list)
        for event in step:
            yield event

    async def _next(self) -> Step:
        if not self.steps:
            self.over.set()
            await asyncio.Event().wait()
        step = self.steps.pop(0)
        if isinstance(step, ApiError):
            raise step
        return step


class Run:
    """An informer that has played a script to its end."""

    def __init__(self, *steps: Step) -> None:
        self.source = Script(*steps)
        self.slept: list[float] = []
        self.changes: list[bool] = []
        self.store = Store(key_of_child, lambda _: None)
        self.informer = Informer(
            self.source,
            INFERENCE_SERVICE,
            "team",
            MODEL_LABEL,
            self.store,
            self._availability_changed,
            sleep=self._sleep,
            jitter=lambda: 1.0,
        )

    async def play(self) -> "Run":
        task = asyncio.create_task(self.informer.run())
        await self.source.over.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return self

    def names(self) -> list[str]:
        return [document["metadata"]["name"] for document in self.store.of(Key("team", "model"))]

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def _availability_changed(self) -> None:
        self.changes.append(self.informer.available)


def bookmark(version: int) -> tuple[str, Object]:
    return "BOOKMARK", {"metadata": {"resourceVersion": str(version)}}


async def test_it_lists_and_then_follows_by_label() -> None:
    run = await Run(
        ([child("a", 1), child("b", 2)], 5),
        [("ADDED", child("c", 6)), ("MODIFIED", child("a", 7)), ("DELETED", child("b", 8))],
    ).play()
    assert run.names() == ["a", "c"]
    assert run.source.asked[:2] == [("inferenceservices", "team", "transformermodel.dev/model"), 5]
    assert run.informer.synced.is_set()


async def test_a_watch_that_ends_goes_on_where_it_was() -> None:
    run = await Run(([], 5), [("ADDED", child("a", 6)), bookmark(9)], [("ADDED", child("b", 10))]).play()
    assert run.source.asked[1:] == [5, 9, 10]
    assert run.names() == ["a", "b"]
    assert run.slept == []


async def test_a_watch_that_says_nothing_does_not_spin() -> None:
    run = await Run(([], 5), [], []).play()
    assert run.slept == [1.0, 1.0]


async def test_after_410_it_lists_again_at_once_and_ghosts_are_gone() -> None:
    run = await Run(
        ([child("a", 1), child("ghost", 2)], 5),
        ApiError(410, "too old resource version"),
        ([child("a", 1)], 50),
    ).play()
    assert run.names() == ["a"]
    assert run.slept == [0.0]


async def test_a_server_that_calls_its_own_lists_too_old_is_not_asked_for_more_and_more_of_them() -> None:
    old = ApiError(410, "too old resource version")
    run = await Run(([], 5), old, ([], 6), old, ([], 7), old, ([], 8), [bookmark(9)], old, ([], 10)).play()
    assert run.slept == [0, 2, 4, 0]


async def test_failures_are_waited_out_longer_and_longer() -> None:
    down = ApiError(0, "connection refused")
    run = await Run(*[down] * 7, ([], 5), [bookmark(6)], down).play()
    assert run.slept == [1, 2, 4, 8, 16, 30, 30, 1]


async def test_a_server_that_asks_for_time_gets_it() -> None:
    run = await Run(ApiError(429, "too many requests", retry_after=17), ([], 5)).play()
    assert run.slept[0] >= 17


async def test_a_watch_that_breaks_goes_on_where_it_was_without_another_list() -> None:
    run = await Run(([child("a", 1)], 5), [bookmark(8)], ApiError(0, "reset by peer"), [bookmark(9)]).play()
    assert run.source.asked[1:] == [5, 8, 8, 9]
    assert run.names() == ["a"]


async def test_it_can_be_told_from_a_dead_one() -> None:
    run = await Run(([], 5)).play()
    assert run.informer.quiet_for < 60
    assert run.informer.name == "the watch of inferenceservices in team"


async def test_a_kind_that_is_not_there_is_waited_for_quietly() -> None:
    missing = ApiError(404, "the server could not find the requested resource")
    run = await Run(missing, missing, ([child("a", 1)], 5)).play()
    assert run.slept == [15.0, 15.0]
    assert run.changes == [False, True]
    assert run.names() == ["a"]


async def test_a_kind_that_goes_takes_its_objects_with_it() -> None:
    run = await Run(([child("a", 1)], 5), ApiError(404, "gone")).play()
    assert run.names() == []
    assert run.changes == [False]
