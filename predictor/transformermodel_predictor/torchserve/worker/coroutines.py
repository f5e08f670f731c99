"""Runs handlers whose entry point is a coroutine function."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


class Coroutines:
    """A single event loop for all batches, so that tasks which a handler starts continue in the next batch."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def result(self, coroutine: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever a handler answers
        """Run a handler's coroutine and return its result."""
        if self._loop is None:
            import asyncio  # costs memory, and most handlers do not need it

            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(coroutine)
