"""What the operator costs: time from apply to Ready, resident memory with ten models, writes in the steady state.

    python -m benchmarks.operator [--models N] [--seconds S]

Root and Linux: starts the tests' Kubernetes and KServe, installs the chart and applies the sentiment example, with its
encoder and its adapter on a hub of its own; first one model, then the others at once.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measurement import Figure
from benchmarks.report import Result, main
from tests.cluster.installation import RELEASE, SYSTEM_NAMESPACE
from tests.cluster.kubernetes import Kubernetes, Object
from tests.cluster.node import cluster
from tests.cluster.stage import Stage, set_stage

OPERATOR = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{RELEASE}"


def measure(models: int = 10, seconds: float = 60.0) -> Result:
    """Bring `models` models up, then watch the operator for `seconds` while nothing happens."""
    with _stage() as stage:
        kubernetes = stage.kubernetes
        first = _apply_and_wait(stage, [_model(stage, "model-0")])
        _apply_and_wait(stage, [_model(stage, f"model-{index}") for index in range(1, models)])
        before = Counter(write.resource for write in kubernetes.writes(OPERATOR))
        memory = []
        for _ in range(5):
            time.sleep(seconds / 5)
            memory.append(_resident_mebibytes(kubernetes))
        writes = Counter(write.resource for write in kubernetes.writes(OPERATOR)) - before
    leases = writes.pop("leases", 0)
    print(f"writes of the operator in all until then: {dict(before)}")
    return Result.of(
        [
            Figure("from apply to Ready, one model", "s", (first,), bound=60),
            Figure(f"resident memory with {models} models", "MiB", tuple(memory), bound=90),
            Figure(
                f"writes in {seconds:g} s without changes, but for the Lease's", "", (float(writes.total()),), bound=0
            ),
            Figure(f"writes of the Lease in {seconds:g} s", "", (float(leases),)),
        ]
    )


@contextmanager
def _stage() -> Iterator[Stage]:
    with (
        tempfile.TemporaryDirectory() as hub,
        cluster.running() as node,
        set_stage(Kubernetes(node), Path(hub)) as stage,
    ):
        yield stage


def _model(stage: Stage, name: str) -> Object:
    """The example; small, so that many fit onto the node."""
    manifest = stage.manifest(name)
    manifest["spec"]["predictor"]["resources"]["requests"] = {"cpu": "50m", "memory": "256Mi"}
    return manifest


def _apply_and_wait(stage: Stage, models: list[Object]) -> float:
    started = time.monotonic()
    stage.kubernetes.apply(models)
    for model in models:
        stage.ready(model["metadata"]["name"], timeout=900)
    return time.monotonic() - started


def _resident_mebibytes(kubernetes: Kubernetes) -> float:
    """Resident memory of the operator's process, which the kernel of this machine runs."""
    pod = kubernetes.objects("pods", SYSTEM_NAMESPACE)[0]["metadata"]["name"]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"POD_NAME={pod}\0".encode() in (process / "environ").read_bytes():
                status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
                return int(status["VmRSS"].split()[0]) / 1024
        except OSError:  # it has ended meanwhile, or is none of ours
            continue
    raise LookupError(f"no process of pod {pod}")


if __name__ == "__main__":
    main(measure)
