"""Threads that share one piece of work, of which each part is needed."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def run_all(parts: Iterable[Callable[[], None]], stop: threading.Event, threads: int, name: str) -> None:
    """Run every part, so many at a time; the first failure ends the others and is raised.

    Args:
        parts: each looks at `stop` now and then, and returns when it is set.
        stop: set when all parts are done, when one has failed, and when the caller is interrupted.
        threads: how many run at a time.
        name: that the threads' names begin with.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix=name) as pool:
        try:
            work = [pool.submit(part) for part in parts]
            wait(work, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    for future in work:
        if not future.cancelled():
            future.result()
