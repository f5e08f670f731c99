"""Metrics have controller-runtime's names, and say what is so."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from tests.operator.test_queue import ManualScheduler
from tests.operator.world import Object, model
from transformermodel_api.errors import UserError
from transformermodel_api.status import Condition, ConditionStatus, ConditionType, TransformerModelStatus
from transformermodel_operator.metrics.endpoint import metrics_endpoint
from transformermodel_operator.metrics.gauges import OperatorGauges
from transformermodel_operator.metrics.instruments import ClientInstruments, QueueInstruments, ReconcileInstruments
from transformermodel_operator.metrics.model_states import UNREADY_LIMIT, ModelStates, Unready
from transformermodel_operator.metrics.watches import WatchGauges
from transformermodel_operator.objects import JOB, MODEL, Key, Kind, key_of
from transformermodel_operator.queue import WorkQueue
from transformermodel_operator.watches.store import Store
from transformermodel_operator.worker import Outcome

A = Key("team", "a")
QUEUE = {"name": "transformermodel", "controller": "transformermodel"}
UNREADY = "transformermodel_model_unready_since_seconds"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


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
    states = ModelStates()
    store = Store(key_of, lambda _: None, observer=states)
    store.put(model(metadata={"name": "new", "creationTimestamp": "2026-11-22T12:00:00Z"}))
    store.put(with_conditions("a", 11, "Ready", ConditionType.Ready))
    store.put(with_conditions("b", 12, "Preparing", ConditionType.Reconciling))
    store.put(with_conditions("c", 13, "Suspended"))
    assert states.count() == {
        ("team", "Unknown", "Unknown"): 1,
        ("team", "Ready", "Ready"): 1,
        ("team", "Reconciling", "Preparing"): 1,
        ("team", "NotReady", "Suspended"): 1,
    }
    store.put(with_conditions("b", 20, "NotFound", ConditionType.Stalled))
    store.remove(with_conditions("a", 21, "Ready", ConditionType.Ready))
    assert states.count() == {
        ("team", "Unknown", "Unknown"): 1,
        ("team", "Stalled", "NotFound"): 1,
        ("team", "NotReady", "Suspended"): 1,
    }


def test_of_models_that_are_not_ready_it_is_known_since_when_and_what_is_in_the_way() -> None:
    states = ModelStates()
    store = Store(key_of, lambda _: None, observer=states)
    store.put(model(metadata={"name": "new", "creationTimestamp": "2026-11-22T12:00:01Z"}))
    store.put(with_conditions("a", 11, "Ready", ConditionType.Ready))
    held = (ConditionType.SourceResolved, ConditionType.Prepared)
    store.put(with_conditions("b", 12, "CrashLooping", ConditionType.Stalled, *held))
    store.put(with_conditions("c", 13, "RolledBack", ConditionType.Stalled, *held, ConditionType.PredictorReady))
    assert states.unready() == [
        Unready(Key("team", "b"), "Stalled", "PredictorReady", "CrashLooping", NOON),
        Unready(Key("team", "c"), "Stalled", "Ready", "RolledBack", NOON),
        Unready(Key("team", "new"), "Unknown", "SourceResolved", "Unknown", NOON + 1),
    ]
    store.put(with_conditions("b", 20, "Ready", ConditionType.Ready))
    store.remove(with_conditions("c", 21, "RolledBack"))
    assert [found.model.name for found in states.unready()] == ["new"]


def test_of_very_many_those_are_told_that_have_waited_for_longest() -> None:
    states = ModelStates()
    for number in reversed(range(UNREADY_LIMIT + 1)):
        stamp = datetime.fromtimestamp(number, UTC).isoformat()
        states.added(model(metadata={"name": f"model-{number}", "creationTimestamp": stamp}))
    assert [found.since for found in states.unready()] == list(range(UNREADY_LIMIT))


@dataclass(frozen=True)
class Quiet:
    """A watch of which nothing has come for some time."""

    kind: Kind
    quiet_for: float


def test_a_watch_that_is_quiet_is_seen_before_the_process_is_restarted_for_it() -> None:
    registry = CollectorRegistry()
    registry.register(WatchGauges([Quiet(JOB, 1.0), Quiet(JOB, 70.0), Quiet(JOB, 2.0), Quiet(MODEL, 3.0)]))
    quiet = {
        name: registry.get_sample_value("transformermodel_watch_quiet_seconds", {"resource": name})
        for name in ("jobs", "transformermodels")
    }
    assert quiet == {"jobs": 70.0, "transformermodels": 3.0}


async def test_the_queue_the_lease_and_the_models_are_read_when_asked() -> None:
    registry, leads = CollectorRegistry(), True
    queue: WorkQueue[Key] = WorkQueue(ManualScheduler(), QueueInstruments(registry), clock=iter(range(99)).__next__)
    states = ModelStates()
    states.added(with_conditions("good", 1, "Ready", ConditionType.Ready))
    states.added(with_conditions("bad", 2, "NotFound", ConditionType.Stalled))
    registry.register(OperatorGauges(queue, lambda: leads, states))
    queue.add(A)
    queue.add(Key("team", "b"))
    await queue.take()
    states = {"namespace": "team", "state": "Ready", "reason": "Ready"}
    unready = {"namespace": "team", "state": "Stalled", "reason": "NotFound"}
    unready |= {"model": "bad", "condition": "SourceResolved"}
    assert registry.get_sample_value("workqueue_depth", QUEUE) == 1
    assert registry.get_sample_value("workqueue_adds_total", QUEUE) == 2
    assert registry.get_sample_value("workqueue_longest_running_processor_seconds", QUEUE)
    assert registry.get_sample_value("leader_election_master_status", {"name": "transformermodel-operator"}) == 1
    assert registry.get_sample_value("transformermodel_models", states) == 1
    assert registry.get_sample_value(UNREADY, unready) == NOON
    leads = False
    assert registry.get_sample_value("leader_election_master_status", {"name": "transformermodel-operator"}) == 0
    assert registry.get_sample_value("transformermodel_models", states) is None
    assert registry.get_sample_value(UNREADY, unready) is None


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
    async with metrics_endpoint(registry, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        answer = await asyncio.wait_for(session.get(f"http://127.0.0.1:{port}/metrics"), 60)
        text = await answer.text()
    assert answer.content_type == "text/plain"
    assert 'rest_client_requests_total{code="<error>",host="https://api",method="GET"} 1.0' in text


async def test_a_port_that_is_taken_is_told_with_the_variable_that_sets_it() -> None:
    async with metrics_endpoint(CollectorRegistry(), "127.0.0.1", 0) as port:
        expected = rf"127\.0\.0\.1:{port} \(EADDRINUSE\): set TRANSFORMERMODEL_METRICS_PORT to another port"
        with pytest.raises(UserError, match=expected):
            async with metrics_endpoint(CollectorRegistry(), "127.0.0.1", port):
                pass
