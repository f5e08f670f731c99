"""What the operator costs with many models: a real API server and etcd on this machine, no node, no controllers.

    python -m benchmarks.operator_scale [--models N] [--burst B] [--seconds S] [--changes C]

An operator in a process of its own finds nothing, then B models that are applied at once, then N that were brought up
before with all their children; last, specs are changed one after the other. Ends with status 1 where something is over
its limit in limits/operator_scale.yaml.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.limits import Limits
from benchmarks.measurement import Figure
from benchmarks.operator_process import beside_upkeep, running_operator, writes
from benchmarks.population import NAMESPACE, name_of, named, populate
from benchmarks.report import Result, main
from tests.operator.faults.api_server import running_api_server
from tests.operator.faults.bystanders import Administrator
from tests.operator.faults.rights import grant
from tests.operator.faults.theatre import Boards, Theatre
from transformermodel_operator.client import Api
from transformermodel_operator.objects import INFERENCE_SERVICE, JOB, Document

_EMPTY, _BURST = "empty", "burst"
_APPLIED_AT_ONCE = 32
_KIBI = 1024
_CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "models"},
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
}


def measure(models: int = 10_000, burst: int = 1_000, seconds: float = 60.0, changes: int = 200) -> Result:
    """Start an operator without models, with `burst` and with `models`; then `seconds` of peace, and `changes`."""
    limits = Limits.of("operator_scale")
    with tempfile.TemporaryDirectory() as folder, running_api_server(Path(folder)) as server:
        theatre = Theatre(server, grant(server).strip())
        with running_operator(server, _EMPTY) as operator:
            operator.until_reconciled(0)
            empty = operator.mebibytes
        theatre.play([lambda boards: boards.new_namespace(_BURST)])
        with running_operator(server, _BURST) as operator:
            operator.until_reconciled(0)
            (jobs,) = theatre.play([lambda boards: _until_the_last_job(boards, burst)])
        theatre.play([lambda boards: populate(boards, models)])
        with running_operator(server, NAMESPACE) as operator:
            started = operator.until_reconciled(models)
            worked, before = operator.processor_seconds, operator.requests()
            time.sleep(seconds)
            full, after = operator.mebibytes, operator.requests()
            (latencies,) = theatre.play([lambda boards: _until_each_child(boards, changes)])
    return Result.held_to_limits(
        [
            Figure(f"from {burst} models at once to the last Job", "s", (jobs,), limits.on("burst seconds", burst)),
            Figure("resident memory without models", "MiB", (empty,), limits.on("idle mebibytes")),
            Figure(f"start to all {models} reconciled", "s", (started,), limits.on("start seconds", models)),
            Figure("processor time until then", "s", (worked,)),
            Figure("writes until then", "", (writes(before),), limits.on("start writes")),
            Figure(f"resident memory with {models} models and their children", "MiB", (full,)),
            Figure("of it per model", "KiB", ((full - empty) * _KIBI / models,), limits.on("kibibytes per model")),
            Figure(
                f"requests in {seconds:g} s but the Lease's and watches'",
                "",
                (beside_upkeep(after - before),),
                limits.on("steady requests"),
            ),
            Figure("a read and a write, median", "ms", (statistics.median(change.api for change in latencies),)),
            Figure(
                "spec changed to child applied, median",
                "ms",
                (statistics.median(change.child for change in latencies),),
            ),
            Figure(
                "the same beyond a read and a write just before, 99th percentile",
                "ms",
                (_percentile([change.child - change.api for change in latencies], 99),),
                limits.on("change milliseconds"),
            ),
        ]
    )


async def _until_the_last_job(boards: Boards, models: int) -> float:
    """Apply models; returns the seconds from the first apply until each has its Job."""
    administrator = Administrator(boards.client, _BURST)
    await administrator.apply(_CLAIM)
    places = asyncio.Semaphore(_APPLIED_AT_ONCE)

    async def apply(number: int) -> None:
        async with places:
            await administrator.apply(named(name_of(number)))

    api, began = Api(boards.client), time.monotonic()
    version = await api.hand_over(JOB, _BURST, None, lambda _: None)
    async with asyncio.TaskGroup() as applying, aclosing(api.watch(JOB, _BURST, None, version)) as events:
        for number in range(models):
            applying.create_task(apply(number))
        for _ in range(models):
            await _next(events, lambda kind, _: kind == "ADDED")
    return time.monotonic() - began


@dataclass(frozen=True)
class _Latency:
    """Milliseconds of one change of a spec.

    Attributes:
        api: of a read and a write, which the change is, as those of the operator.
        child: from the answer to the change to the news of the child that has it.
    """

    api: float
    child: float


async def _until_each_child(boards: Boards, changes: int) -> list[_Latency]:
    """Change specs, one after the other."""
    administrator, api = Administrator(boards.client, NAMESPACE), Api(boards.client)
    version = await api.hand_over(INFERENCE_SERVICE, NAMESPACE, None, lambda _: None)
    latencies = []
    async with aclosing(api.watch(INFERENCE_SERVICE, NAMESPACE, None, version)) as events:
        for number in range(changes):
            name = name_of(number)
            began = time.monotonic()
            await administrator.one("InferenceService", name)
            await administrator.merge("TransformerModel", name, {"spec": {"predictor": {"minReplicas": 3}}})
            changed = time.monotonic()
            await _next(events, partial(_is_changed, name))
            latencies.append(_Latency((changed - began) * 1000, (time.monotonic() - changed) * 1000))
    return latencies


def _is_changed(name: str, _: str, service: Document) -> bool:
    return service["metadata"]["name"] == name and service["spec"]["predictor"]["minReplicas"] == 3


async def _next(
    events: AsyncIterator[tuple[str, Document]], wanted: Callable[[str, Document], bool]
) -> tuple[str, Document]:
    """The next event that is wanted.

    Raises:
        TimeoutError: the watch has ended before.
    """
    async for event in events:
        if wanted(*event):
            return event
    raise TimeoutError("what was waited for has not come within five minutes")


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    main(measure)
