"""How often an event loop has come round."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Rounds:
    """Counts the rounds of the event loop that runs, in each of which all that is ready has its turn."""

    def __init__(self) -> None:
        self.count = 0

    async def follow(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.count += 1


@asynccontextmanager
async def rounds_counted() -> AsyncIterator[Rounds]:
    rounds = Rounds()
    following = asyncio.create_task(rounds.follow())
    await asyncio.sleep(0)  # until it follows
    try:
        yield rounds
    finally:
        following.cancel()
