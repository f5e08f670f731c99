"""Logs how long a function takes."""

import functools
import logging
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

logger = logging.getLogger(__name__)

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def timeit(func: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Decorate a function to log its time in seconds."""

    @functools.wraps(func)
    def timed(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        started = time.perf_counter()
        try:
            return func(*args, **kwargs)
        finally:
            logger.info("%s took %.4f s", func.__name__, time.perf_counter() - started)

    return timed
