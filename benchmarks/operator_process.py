"""An operator in a process of its own, as its metrics and the kernel tell of it."""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.operator.faults.api_server import ApiServer
from tests.operator.faults.rights import SYSTEM_NAMESPACE

_METRICS_PORT, _PROBE_PORT = 18081, 18080
_WATCHES = 6
_LOOK_EVERY = 0.2


class OperatorProcess:
    """A running operator.

    Args:
        process: its process.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._began = time.monotonic()

    @property
    def mebibytes(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    @property
    def processor_seconds(self) -> float:
        """How long processors have worked for it, in user mode and for it in the kernel's."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def until_reconciled(self, models: int) -> float:
        """Wait until so many models have been looked at and none waits; returns the seconds since the start."""
        while True:
            if self._process.poll() is not None:
                raise ChildProcessError(f"the operator ended with status {self._process.returncode}")
            samples = self._samples()
            reconciled = sum(count for name, count in samples.items() if "reconcile_total{" in name)
            leads = any("master_status" in name and value for name, value in samples.items())
            waiting = sum(value for name, value in samples.items() if name.startswith("workqueue_depth"))
            if leads and reconciled >= models and not waiting:
                return time.monotonic() - self._began
            time.sleep(_LOOK_EVERY)

    def requests(self) -> Counter[tuple[str, str]]:
        """Requests so far, by method and status."""
        found: Counter[tuple[str, str]] = Counter()
        for name, value in self._samples().items():
            if name.startswith("rest_client_requests_total{"):
                labels = dict(re.findall(r'(\w+)="([^"]*)"', name))
                found[labels["method"], labels["code"]] += int(value)
        return found

    def _samples(self) -> dict[str, float]:
        try:
            text = httpx.get(f"http://127.0.0.1:{_METRICS_PORT}/metrics", trust_env=False, timeout=60).text
        except httpx.HTTPError:  # it has not begun to answer
            return {}
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}


def writes(requests: Counter[tuple[str, str]]) -> int:
    """Those that change objects; the Lease is renewed by PUT."""
    return sum(count for (method, _), count in requests.items() if method not in ("GET", "PUT"))


def beside_upkeep(requests: Counter[tuple[str, str]]) -> int:
    """Those that are neither renewals of the Lease nor of watches, each of which is begun anew once in five minutes."""
    reads = sum(count for (method, _), count in requests.items() if method == "GET")
    return writes(requests) + max(0, reads - _WATCHES)


@contextmanager
def running_operator(server: ApiServer, namespace: str) -> Iterator[OperatorProcess]:
    """An operator for one namespace; it ends with the block."""
    environment = {
        **os.environ,
        "KUBECONFIG": str(server.kubeconfig),
        "POD_NAME": "measured",
        "TRANSFORMERMODEL_OPERATOR_NAMESPACE": SYSTEM_NAMESPACE,
        "TRANSFORMERMODEL_PREDICTOR_IMAGE": "predictor:1",
        "TRANSFORMERMODEL_WATCH_NAMESPACES": namespace,
        "TRANSFORMERMODEL_METRICS_PORT": str(_METRICS_PORT),
        "TRANSFORMERMODEL_PROBE_PORT": str(_PROBE_PORT),
    }
    program = Path(sys.prefix) / "bin" / "transformermodel"
    process = subprocess.Popen([program, "operator"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield OperatorProcess(process)
    finally:
        process.terminate()
        process.wait(60)
