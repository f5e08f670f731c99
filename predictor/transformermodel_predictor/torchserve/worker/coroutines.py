"""Handlers whose entry point is a coroutine."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


class Coroutines:
    """One event loop for all batches, so that what a handler has begun on it goes on in the next one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def result(self, coroutine: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever a handler answers
        """Wait for what a handler answers."""
        if self._loop is None:
            import asyncio  # which most handlers do not need, and which costs memory

            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(coroutine)
