"""Install Prometheus' programs: `python -m tests.monitoring.install`. What is there is left as it is."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.cluster.node.run import PROGRAMS
from tests.cluster.programs import BuildFailed, Module

_PROMETHEUS = "github.com/prometheus/prometheus/cmd"
_MODULE = Module(
    "prometheus",
    {"promtool": f"{_PROMETHEUS}/promtool", "prometheus": f"{_PROMETHEUS}/prometheus"},
    tags=("remove_all_sd",),  # every cloud's client would be most of the build
    root=Path(__file__).parent / "go",
)

PROMTOOL, PROMETHEUS = PROGRAMS / "promtool", PROGRAMS / "prometheus"


def require_installed() -> None:
    """Skip where the programs are not there; with CI=true that is a failure."""
    if _MODULE.is_built:
        return
    reason = "Prometheus is not installed; run `python -m tests.monitoring.install`"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def main() -> int:
    """Install; status 1 if that fails although CI=true asks for all tests."""
    if shutil.which("go") is None and not _MODULE.is_built:
        print("monitoring: left out: promtool is built from Go modules, and there is no Go")
        return int(os.environ.get("CI") == "true")
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    with (PROGRAMS / ".monitoring.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second invocation waits, and then finds everything
        if _MODULE.is_built:
            return 0
        print(f"monitoring: building {', '.join(_MODULE.programs)} from Go modules ...", flush=True)
        try:
            _MODULE.build()
        except BuildFailed as error:
            print(f"monitoring: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
