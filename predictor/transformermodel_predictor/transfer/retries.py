"""Asking again: a server that is busy says so, and often when to come back."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from huggingface_hub.errors import HfHubHTTPError

_Result = TypeVar("_Result")

_BUSY = frozenset({429, 500, 502, 503, 504})


def _wait(stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)


@dataclass(frozen=True)
class Retries:
    """How often and after how long a refusal that passes is answered by asking again.

    Attributes:
        attempts: how often a request is made in all.
        first_seconds: pause before the second attempt; each further one is twice as long.
        longest_seconds: no pause is longer; a server that asks for more is not asked again.
        wait: lets time pass, or returns early when nobody wants the answer any more.
        clock: seconds since 1970.
        spread: between 0 and 1, by lot: clients that were refused together do not come back together.
    """

    attempts: int = 6
    first_seconds: float = 1.0
    longest_seconds: float = 120.0
    wait: Callable[[threading.Event, float], None] = _wait
    clock: Callable[[], float] = time.time
    spread: Callable[[], float] = random.random

    def run(self, ask: Callable[[], _Result], stop: threading.Event | None = None) -> _Result:
        """Ask until there is an answer, a refusal that stays, or no patience left; then the refusal is raised."""
        stop = stop or threading.Event()
        for attempt in range(1, self.attempts):
            try:
                return ask()
            except HfHubHTTPError as refusal:
                seconds = self.pause(attempt, refusal.response.status_code, refusal.response.headers)
                if seconds is None or stop.is_set():
                    raise
            self.wait(stop, seconds)
        return ask()

    def pause(self, attempt: int, status: int, headers: Mapping[str, str]) -> float | None:
        """Seconds until the next attempt; None when it is not worth one."""
        if status not in _BUSY:
            return None
        asked = self._asked(headers)
        backoff = min(self.first_seconds * 2.0 ** (attempt - 1), self.longest_seconds)
        if asked is None:
            return backoff * (0.5 + self.spread() / 2)
        return None if asked > self.longest_seconds else max(asked, 0.0) + self.spread()

    def _asked(self, headers: Mapping[str, str]) -> float | None:
        """What Retry-After says (RFC 9110, 10.2.3): seconds or a date."""
        value = headers.get("Retry-After", "").strip()
        if value.isdecimal():
            return float(value)
        try:
            date: datetime = parsedate_to_datetime(value)
            return date.timestamp() - self.clock()
        except ValueError:
            return None
