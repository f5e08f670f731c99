import asyncio
from collections.abc import Callable

import pytest
import uvloop

from tests.predictor.gated import PATIENCE_SECONDS
from transformermodel_predictor.torchserve.workers.deadline import Deadline

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop"])
def test_the_last_time_that_was_set_counts_on_every_loop(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def reach() -> None:
        reached = asyncio.Event()
        deadline = Deadline(reached.set)
        for seconds in (3600.0, 0.0001, -1.0, 0.0, 3600.0, 0.001):
            deadline.set(seconds)
        await asyncio.wait_for(reached.wait(), PATIENCE_SECONDS)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(reach())


def test_one_that_was_cleared_is_never_reached() -> None:
    async def clear() -> bool:
        reached, later = asyncio.Event(), asyncio.Event()
        cleared = Deadline(reached.set)
        cleared.set(0.001)
        cleared.clear()
        Deadline(later.set).set(0.01)
        await asyncio.wait_for(later.wait(), PATIENCE_SECONDS)
        return reached.is_set()

    assert not asyncio.run(clear())
