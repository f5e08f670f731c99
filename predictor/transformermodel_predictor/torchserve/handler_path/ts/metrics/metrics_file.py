"""Chooses the file that defines a handler's metrics."""

import os
from collections.abc import Mapping
from pathlib import Path

SERVERS_FILE = "TS_METRICS_CONFIG"
"""Environment variable with the path of the file from the server's configuration."""

OWN_FILE = "metrics.yaml"
"""The archive's own file."""

SECTION = "model_metrics"
"""A metrics.yaml without this section is some other file."""

DEFAULT_FILE = Path(__file__).with_name("metrics.yaml")
"""Defines the default metrics."""


def metrics_file(directory: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The file from the server's configuration, else the archive's own, else the default.

    Args:
        directory: the archive's directory.
        environment: the worker's environment.
    """
    named = environment.get(SERVERS_FILE)
    if named:
        return Path(named)
    own = directory / OWN_FILE
    return own if own.is_file() and SECTION in own.read_text(errors="replace") else DEFAULT_FILE
