"""Runs the parts of one piece of work in threads; all parts are needed."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def run_all(parts: Iterable[Callable[[], None]], stop: threading.Event, threads: int, name: str) -> None:
    """Run every part, at most `threads` at a time; the first failure stops the others and is raised.

    Args:
        parts: each checks `stop` regularly, and returns once it is set.
        stop: set when all parts are done, when one fails, and when the caller is interrupted.
        threads: number of concurrent threads.
        name: prefix of the threads' names.
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
