"""Metrics have controller-runtime's names, and say what is so."""

import asyncio

import aiohttp
from prometheus_client import CollectorRegistry

from tests.operator.test_queue import ManualClockwork
from tests.operator.world import Object, model
from transformermodel_api.status import Condition, ConditionStatus, ConditionType, TransformerModelStatus
from transformermodel_operator.metrics.census import Census
from transformermodel_operator.metrics.endpoint import exposed
from transformermodel_operator.metrics.instruments import ClientInstruments, QueueInstruments, ReconcileInstruments
from transformermodel_operator.metrics.levels import Levels
from transformermodel_operator.objects import Key, key_of_model
from transformermodel_operator.queue import WorkQueue
from transformermodel_operator.store import Store
from transformermodel_operator.worker import Outcome

A = Key("team", "a")
QUEUE = {"name": "transformermodel", "controller": "transformermodel"}


def with_conditions(name: str, version: int, reason: str, *holding: ConditionType) -> Object:
    conditions = [
        Condition(
            type=kind,
            status=ConditionStatus.true if kind in holding else ConditionStatus.false,
            reason=reason,
            message="",
            last_transition_time="2026-11-22T12:00:00Z",  # type: ignore[arg-type]
        )
        for kind in {ConditionType.Ready, *holding}
    ]
    metadata = {"name": name, "resourceVersion": str(version)}
    return model(metadata=metadata, status=TransformerModelStatus(conditions=tuple(conditions)))


def test_models_are_counted_by_what_is_known_of_them() -> None:
    census = Census()
    store = Store(key_of_model, lambda _: None, tally=census)
    store.put(model(metadata={"name": "new"}))
    store.put(with_conditions("a", 11, "Ready", ConditionType.Ready))
    store.put(with_conditions("b", 12, "Preparing", ConditionType.Reconciling))
    store.put(with_conditions("c", 13, "Suspended"))
    assert census.count() == {
        ("team", "Unknown", "Unknown"): 1,
        ("team", "Ready", "Ready"): 1,
        ("team", "Reconciling", "Preparing"): 1,
        ("team", "NotReady", "Suspended"): 1,
    }
    store.put(with_conditions("b", 20, "NotFound", ConditionType.Stalled))
    store.remove(with_conditions("a", 21, "Ready", ConditionType.Ready))
    assert census.count() == {
        ("team", "Unknown", "Unknown"): 1,
        ("team", "Stalled", "NotFound"): 1,
        ("team", "NotReady", "Suspended"): 1,
    }


async def test_the_queue_the_lease_and_the_models_are_read_when_asked() -> None:
    registry, leads = CollectorRegistry(), True
    queue: WorkQueue[Key] = WorkQueue(ManualClockwork(), QueueInstruments(registry), clock=iter(range(99)).__next__)
    registry.register(Levels(queue, lambda: leads, lambda: {("team", "Ready", "Ready"): 7}))
    queue.add(A)
    queue.add(Key("team", "b"))
    await queue.take()
    states = {"namespace": "team", "state": "Ready", "reason": "Ready"}
    assert registry.get_sample_value("workqueue_depth", QUEUE) == 1
    assert registry.get_sample_value("workqueue_adds_total", QUEUE) == 2
    assert registry.get_sample_value("workqueue_longest_running_processor_seconds", QUEUE)
    assert registry.get_sample_value("leader_election_master_status", {"name": "transformermodel-operator"}) == 1
    assert registry.get_sample_value("transformermodel_models", states) == 7
    leads = False
    assert registry.get_sample_value("leader_election_master_status", {"name": "transformermodel-operator"}) == 0
    assert registry.get_sample_value("transformermodel_models", states) is None


def test_reconciliations_are_counted_and_timed_by_their_outcome() -> None:
    registry = CollectorRegistry()
    instruments = ReconcileInstruments(registry, workers=4)
    instruments.reconciled(Outcome.success, 0.1)
    instruments.reconciled(Outcome.error, 0.3)
    of = {"controller": "transformermodel"}
    assert registry.get_sample_value("controller_runtime_reconcile_total", {**of, "result": "success"}) == 1
    assert registry.get_sample_value("controller_runtime_reconcile_total", {**of, "result": "requeue_after"}) == 0
    assert registry.get_sample_value("controller_runtime_reconcile_errors_total", of) == 1
    assert registry.get_sample_value("controller_runtime_reconcile_time_seconds_sum", of) == 0.4
    assert registry.get_sample_value("controller_runtime_max_concurrent_reconciles", of) == 4


async def test_prometheus_is_answered() -> None:
    registry = CollectorRegistry()
    ClientInstruments(registry, "https://api")("GET", "<error>")
    async with exposed(registry, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        answer = await asyncio.wait_for(session.get(f"http://127.0.0.1:{port}/metrics"), 60)
        text = await answer.text()
    assert answer.content_type == "text/plain"
    assert 'rest_client_requests_total{code="<error>",host="https://api",method="GET"} 1.0' in text
