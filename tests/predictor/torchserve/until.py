"""Waiting for what nobody tells."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, looking again and again."""
    while not condition():  # noqa: ASYNC110 - of processes, and of what is inside, no event tells
        await asyncio.sleep(0.002)
