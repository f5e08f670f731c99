"""torch's profiler, enabled by the environment variable ENABLE_TORCH_PROFILER."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity

PROFILER_AVAILABLE = True

TABLE_ROWS = 10
"""Number of the costliest operations to log."""

_SWITCH = "ENABLE_TORCH_PROFILER"
_OFF = ("", "0", "false", "no", "off")


def is_switched_on() -> bool:
    """Whether to profile every batch."""
    return os.environ.get(_SWITCH, "").strip().lower() not in _OFF


def profiler_settings(given: Mapping[str, Any] | None, model_name: str) -> dict[str, Any]:
    """The profiler's arguments: the handler's, else operations with their shapes.

    Traces are written to `pytorch_profiler/MODEL` in the folder for temporary files.
    """
    settings = dict(given or {"activities": _activities(), "record_shapes": True})
    if "on_trace_ready" not in settings:
        folder = Path(tempfile.gettempdir(), "pytorch_profiler", model_name)
        settings["on_trace_ready"] = torch.profiler.tensorboard_trace_handler(str(folder))
    return settings


def _activities() -> list[ProfilerActivity]:
    cuda = [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
    return [ProfilerActivity.CPU, *cuda]
