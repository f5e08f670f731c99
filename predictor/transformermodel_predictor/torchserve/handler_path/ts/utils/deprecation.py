"""Marks functions that handlers should no longer use."""

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def deprecated(
    version: float | str, replacement: str = "", klass: type[Warning] = PendingDeprecationWarning
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Decorate a function to warn when it is called.

    Args:
        version: the version that deprecated it.
        replacement: what to use instead.
        klass: the warning's class.
    """

    def decorate(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        instead = f": use {replacement}" if replacement else ""

        @functools.wraps(function)
        def warning(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
            warnings.warn(f"{function.__name__} is deprecated since {version}{instead}", klass, stacklevel=2)
            return function(*args, **kwargs)

        return warning

    return decorate
