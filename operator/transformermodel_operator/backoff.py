"""Exponential backoff with jitter. Pure but for the default jitter."""

import random
from collections.abc import Callable

Jitter = Callable[[], float]
"""Returns a random number from 0 to 1."""

_DOUBLINGS = 32  # beyond any limit, and before numbers overflow


def delay_after(
    failures: int, first: float, longest: float, at_least: float = 0.0, jitter: Jitter = random.random
) -> float:
    """Seconds to wait before a retry: doubled with each failure, with jitter so that clients do not retry in step.

    Args:
        failures: number of failures before this one.
        first: limit of the delay after the first failure, in seconds.
        longest: limit of every delay, in seconds; `at_least` can exceed it.
        at_least: the delay that the server asked for (Retry-After), in seconds; 0 if it did not.
        jitter: position of the delay between half its limit and its limit.
    """
    spread = 0.5 + 0.5 * jitter()
    delay = min(first * 2.0 ** min(failures, _DOUBLINGS), longest) * spread
    return max(delay, at_least + first * spread) if at_least else delay
