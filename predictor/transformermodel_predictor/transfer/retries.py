"""Retries of requests: a busy server says so, and often when to retry."""

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
    """How often and after which pauses a transient refusal is retried.

    Attributes:
        attempts: largest number of requests, the first included.
        first_seconds: pause before the second attempt; it doubles with each further one.
        longest_seconds: longest pause; a server that asks for a longer one is not retried.
        wait: sleeps; may return early if the response is not needed any more.
        clock: seconds since 1970.
        spread: random jitter from 0 to 1, so that clients refused together do not retry together.
    """

    attempts: int = 6
    first_seconds: float = 1.0
    longest_seconds: float = 120.0
    wait: Callable[[threading.Event, float], None] = _wait
    clock: Callable[[], float] = time.time
    spread: Callable[[], float] = random.random

    def run(self, ask: Callable[[], _Result], stop: threading.Event | None = None) -> _Result:
        """Repeat a request until it succeeds, is refused for good or runs out of attempts; then raise the refusal."""
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
        """Seconds until the next attempt; None if there should be none."""
        if status not in _BUSY:
            return None
        asked = self._asked(headers)
        backoff = min(self.first_seconds * 2.0 ** (attempt - 1), self.longest_seconds)
        if asked is None:
            return backoff * (0.5 + self.spread() / 2)
        return None if asked > self.longest_seconds else max(asked, 0.0) + self.spread()

    def _asked(self, headers: Mapping[str, str]) -> float | None:
        """The pause in Retry-After (RFC 9110, 10.2.3), which has seconds or a date."""
        value = headers.get("Retry-After", "").strip()
        if value.isdecimal():
            return float(value)
        try:
            date: datetime = parsedate_to_datetime(value)
            return date.timestamp() - self.clock()
        except ValueError:
            return None
