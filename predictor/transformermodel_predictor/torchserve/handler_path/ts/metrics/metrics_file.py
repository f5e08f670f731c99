"""Which file names a handler's metrics."""

import os
from collections.abc import Mapping
from pathlib import Path

SERVERS_FILE = "TS_METRICS_CONFIG"
"""Environment variable with the file that the server's configuration names."""

OWN_FILE = "metrics.yaml"
"""The archive's own file."""

SECTION = "model_metrics"
"""Without which a file of that name is about something else."""

DEFAULT_FILE = Path(__file__).with_name("metrics.yaml")
"""Metrics that are always there."""


def metrics_file(directory: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The file that the server's configuration names, else the archive's own, else ours.

    Args:
        directory: the archive's.
        environment: of the worker.
    """
    named = environment.get(SERVERS_FILE)
    if named:
        return Path(named)
    own = directory / OWN_FILE
    return own if own.is_file() and SECTION in own.read_text(errors="replace") else DEFAULT_FILE
