"""Measures the steps of a handler."""

import functools
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def timed(func: Callable[Concatenate[Any, _Parameters], _Result]) -> Callable[Concatenate[Any, _Parameters], _Result]:
    """Decorate a handler's method to record its milliseconds as the metric `ts_handler_METHOD`.

    Only if model-config.yaml has `handler: {profile: true}` and the handler has a context.
    """

    @functools.wraps(func)
    def measured(self: Any, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        context: Any = getattr(self, "context", None)
        if not _is_profiled(context):
            return func(self, *args, **kwargs)
        started = time.perf_counter()
        result = func(self, *args, **kwargs)
        context.metrics.add_time(f"ts_handler_{func.__name__}", (time.perf_counter() - started) * 1000, None, "ms")
        return result

    return measured


def _is_profiled(context: Any) -> bool:
    configuration = getattr(context, "model_yaml_config", None) or {}
    return bool((configuration.get("handler") or {}).get("profile")) and context.metrics is not None
