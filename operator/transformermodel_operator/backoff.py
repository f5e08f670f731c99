"""How long to wait before something that failed is tried again."""

import random
from collections.abc import Callable

Jitter = Callable[[], float]
"""A number from 0 to 1, another each time."""

_DOUBLINGS = 32  # beyond any limit, and before numbers overflow


def delay_after(
    failures: int, first: float, longest: float, at_least: float = 0.0, jitter: Jitter = random.random
) -> float:
    """Seconds to wait: doubled with each failure, and spread, so that those who failed together do not return together.

    Args:
        failures: how many there were before this one.
        first: longest wait after the first failure, in seconds.
        longest: longest wait of all, in seconds.
        at_least: what the server asked for (Retry-After), in seconds.
        jitter: where in the second half of the wait it ends.
    """
    spread = 0.5 + 0.5 * jitter()
    delay = min(first * 2.0 ** min(failures, _DOUBLINGS), longest) * spread
    return max(delay, at_least + first * spread) if at_least else delay
