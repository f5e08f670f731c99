"""What the operator costs with many models: a real API server and etcd on this machine, no node, no controllers.

    python -m benchmarks.operator_scale [--models N] [--seconds S] [--changes C]

Models are brought up by an operator of this process and by stand-ins for Jobs and KServe; an operator of its own
process is then started beside them and measured. Bounds are for 10,000 models; changes are to be measured with 1,000.
"""

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.measurement import Figure
from benchmarks.report import Result, main
from tests.operator.faults import stage as stages
from tests.operator.faults.api_server import ApiServer, running_api_server
from tests.operator.faults.bystanders import Administrator
from tests.operator.faults.proxy import Proxy
from tests.operator.faults.rights import SYSTEM_NAMESPACE, grant
from tests.operator.faults.scenario import manifest
from tests.operator.faults.theatre import Boards, Theatre

_NAMESPACE, _EMPTY = "scale", "empty"
_METRICS_PORT, _PROBE_PORT = 18081, 18080
_AT_ONCE = 32
_WATCHES = 6


def measure(models: int = 10_000, seconds: float = 60.0, changes: int = 200) -> Result:
    """Bring `models` models up, start another operator, watch it for `seconds`, then make `changes` of specs."""
    stages.PATIENCE = max(stages.PATIENCE, models / 2)
    with tempfile.TemporaryDirectory() as folder, running_api_server(Path(folder)) as server:
        theatre = Theatre(server, grant(server).strip())
        (jobs,) = theatre.play([lambda boards: _bring_up(boards, models)])
        server.kubectl("create", "namespace", _EMPTY)
        with _operator(server, _EMPTY) as idle:
            idle.until_reconciled(0)
            empty = idle.mebibytes
        with _operator(server, _NAMESPACE) as operator:
            started = operator.until_reconciled(models)
            full, before = operator.mebibytes, operator.requests()
            time.sleep(seconds)
            steady = operator.requests() - before
            (latencies,) = theatre.play([lambda boards: _change(boards, changes)])
    writes = sum(count for (method, _), count in before.items() if method in ("PATCH", "DELETE"))
    return Result.of(
        [
            Figure(f"from {models} models at once to the last Job", "s", (jobs,), bound=max(30.0, models * 0.03)),
            Figure(f"start to all {models} reconciled", "s", (started,), bound=20),
            Figure("writes until then", "", (float(writes),), bound=0),
            Figure("resident memory without models", "MiB", (empty,), bound=90),
            Figure(f"resident memory with {models} models and their children", "MiB", (full,)),
            Figure("of it per model", "KiB", ((full - empty) * 1024 / models,), bound=20),
            Figure(f"requests in {seconds:g} s but the Lease's and watches'", "", (_beside_upkeep(steady),), bound=0),
            Figure("spec changed to child applied, median", "ms", (statistics.median(latencies),)),
            Figure("spec changed to child applied, 99th percentile", "ms", (_percentile(latencies, 99),), bound=250),
        ]
    )


async def _bring_up(boards: Boards, models: int) -> float:
    """Apply all models; returns the seconds from the first apply to the last Job. Ends when all is settled."""
    proxy = Proxy(boards.theatre.server.url, boards.session)
    async with boards.staged(_NAMESPACE, proxy) as stage:
        await stage.until_it_leads()
        places, began = asyncio.Semaphore(_AT_ONCE), time.monotonic()

        async def apply(number: int) -> None:
            document = manifest("first")
            document["metadata"] = {"name": f"model-{number}"}
            async with places:
                await stage.administrator.apply(document)

        await asyncio.gather(*map(apply, range(models)))
        while sum(write.created and write.target.startswith("jobs/") for write in proxy.writes) < models:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        jobs = time.monotonic() - began
        await stage.settle()
    return jobs


async def _change(boards: Boards, changes: int) -> list[float]:
    """Milliseconds from the answer to a change of a spec to the child that has it, one change after the other."""
    administrator = Administrator(boards.client, _NAMESPACE)
    latencies = []
    for number in range(changes):
        name = f"model-{number}"
        await administrator.merge("TransformerModel", name, {"spec": {"predictor": {"minReplicas": 3}}})
        began = time.monotonic()
        while (await administrator.one("InferenceService", name))["spec"]["predictor"]["minReplicas"] != 3:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        latencies.append((time.monotonic() - began) * 1000)
    return latencies


class _Operator:
    """A running operator, as its metrics and the kernel tell of it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._began = time.monotonic()

    @property
    def mebibytes(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

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
            time.sleep(0.1)

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


@contextmanager
def _operator(server: ApiServer, namespace: str) -> Iterator[_Operator]:
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
        yield _Operator(process)
    finally:
        process.terminate()
        process.wait(60)


def _beside_upkeep(requests: Counter[tuple[str, str]]) -> float:
    """Requests that are neither renewals of the Lease (PUT) nor of watches (each once in five minutes)."""
    reads = sum(count for (method, _), count in requests.items() if method == "GET")
    writes = sum(count for (method, _), count in requests.items() if method not in ("PUT", "GET"))
    return float(writes + max(0, reads - _WATCHES))


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    main(measure)
