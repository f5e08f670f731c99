"""Wires up the operator: watches fill the stores, changes fill the queue, and the leading replica works on it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from transformermodel_operator.client import Api
from transformermodel_operator.events.queue import EventQueue
from transformermodel_operator.events.recorder import Recorder
from transformermodel_operator.health import liveness_problems
from transformermodel_operator.lease import Election, Periods
from transformermodel_operator.metrics.gauges import OperatorGauges
from transformermodel_operator.metrics.instruments import QueueInstruments, ReconcileInstruments
from transformermodel_operator.metrics.model_states import ModelStates
from transformermodel_operator.metrics.watches import WatchGauges
from transformermodel_operator.objects import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    INFERENCE_SERVICE,
    JOB,
    MODEL,
    MODEL_LABEL,
    Key,
    Kind,
    key_of,
    key_of_child,
)
from transformermodel_operator.pods.progress import ProgressReader
from transformermodel_operator.queue import Scheduler, WorkQueue
from transformermodel_operator.reconciler import Reconciler, Stores
from transformermodel_operator.settings import Settings
from transformermodel_operator.tracing import NoOpTracer, Tracer
from transformermodel_operator.watches import kept
from transformermodel_operator.watches.informer import Informer
from transformermodel_operator.watches.store import Store
from transformermodel_operator.worker import Outcome, work

WORKERS = 8
"""Models reconciled at once: reconciling is mostly waiting for the API server."""

EVENTS_DEADLINE = 5.0
"""Seconds allowed for recording events when the process ends."""

WORK_DEADLINE = 20.0
"""Seconds allowed for finishing current work when the process ends."""


@dataclass(frozen=True)
class Dependencies:
    """What an operation depends on besides the API server and its settings.

    Attributes:
        registry: where its metrics are registered.
        tracer: traces its reconciliations.
        periods: of the leader election.
        scheduler: schedules calls; None for the running event loop.
        sleep: waits so many seconds before a retry.
    """

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    tracer: Tracer = field(default_factory=NoOpTracer)
    periods: Periods = field(default_factory=Periods)
    scheduler: Scheduler | None = None
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep


class Operation:
    """One replica of the operator.

    Args:
        api: the API server.
        settings: the operator's.
        dependencies: its other dependencies.
    """

    def __init__(self, api: Api, settings: Settings, dependencies: Dependencies) -> None:
        scheduler = dependencies.scheduler or asyncio.get_running_loop()
        self._instrumentation = _Instrumentation(
            ReconcileInstruments(dependencies.registry, WORKERS), dependencies.tracer
        )
        model_states = ModelStates()
        self.queue: WorkQueue[Key] = WorkQueue(scheduler, QueueInstruments(dependencies.registry))
        self.stores = _stores(self.queue, model_states)
        self.informers = _informers(api, self.stores, self._add_all, settings, dependencies.sleep)
        self._progress = ProgressReader(api, self.queue.add)
        self._events = EventQueue(Recorder(api, settings.identity, sleep=dependencies.sleep))
        self._reconciler = Reconciler(
            cluster=api,
            stores=self.stores,
            recorder=self._events,
            settings=settings,
            kserve_installed=self._kserve_installed,
            follow=self._progress.follow,
        )
        self.election = Election(api, settings.operator_namespace, settings.identity, dependencies.periods)
        self._leading: asyncio.Task[None] | None = None
        dependencies.registry.register(OperatorGauges(self.queue, lambda: self.election.leads, model_states))
        dependencies.registry.register(WatchGauges(self.informers))

    async def run(self) -> None:
        """Watch, and reconcile while this replica is the leader; until `end`, or until cancelled.

        Raises:
            ExceptionGroup: a task failed with an unexpected error.
        """
        async with asyncio.TaskGroup() as parts:
            around = [parts.create_task(informer.run()) for informer in self.informers]
            around.append(parts.create_task(self._events.run()))
            self._leading = parts.create_task(self._lead_when_synced())
            await asyncio.wait({self._leading})
            for part in around:
                part.cancel()

    async def end(self) -> None:
        """Finish current work, record pending events and release the Lease; then `run` returns."""
        self.queue.close()
        if self._leading is None:
            return
        if self.election.leads:
            await asyncio.wait({self._leading}, timeout=WORK_DEADLINE)
        self._leading.cancel()
        await asyncio.wait({self._leading})

    @property
    def is_idle(self) -> bool:
        """Whether there is no work and no event to record until something happens."""
        return self.queue.is_idle and self._events.is_idle

    def liveness_problems(self) -> tuple[str, ...]:
        """Problems that a restart would solve; empty while healthy."""
        return liveness_problems(self.informers, self.queue)

    async def _lead_when_synced(self) -> None:
        """Run the election once all stores are synced: in an incomplete store, an unlisted object looks deleted."""
        for informer in self.informers:
            await informer.synced.wait()
        await self.election.run(self._lead)

    async def _lead(self) -> None:
        """Reconcile until the queue is closed; replicas that do not lead only keep their stores and queues current."""
        self._add_all()
        async with asyncio.TaskGroup() as parts:
            progress = parts.create_task(self._progress.run())
            workers = [
                parts.create_task(work(self.queue, self._reconciler.reconcile, self._instrumentation))
                for _ in range(WORKERS)
            ]
            await asyncio.wait(workers)
            progress.cancel()
        await self._events.drain(EVENTS_DEADLINE)

    def _add_all(self) -> None:
        for key in self.stores.models.models():
            self.queue.add(key)

    def _kserve_installed(self) -> bool:
        return all(informer.available for informer in self.informers if informer.kind is INFERENCE_SERVICE)


@dataclass(frozen=True)
class _Instrumentation:
    """Implements `worker.Instrumentation`."""

    instruments: ReconcileInstruments
    tracer: Tracer

    def reconciled(self, outcome: Outcome, seconds: float) -> None:
        self.instruments.reconciled(outcome, seconds)

    def span(self, key: Key) -> AbstractContextManager[None]:
        return self.tracer.span(key)


def _stores(queue: WorkQueue[Key], model_states: ModelStates) -> Stores:
    return Stores(
        models=Store(key_of, queue.add, kept.of_model, model_states),
        jobs=Store(key_of_child, queue.add, kept.of_child),
        services=Store(key_of_child, queue.add, kept.of_child),
        deployments=Store(key_of_child, queue.add, kept.of_deployment),
        revisions=Store(key_of_child, queue.add, kept.of_child),
        budgets=Store(key_of_child, queue.add, kept.of_child),
    )


def _informers(
    api: Api,
    stores: Stores,
    availability_changed: Callable[[], None],
    settings: Settings,
    sleep: Callable[[float], Awaitable[Any]],
) -> Sequence[Informer]:
    watched: dict[Kind, tuple[Store, str | None]] = {
        MODEL: (stores.models, None),
        JOB: (stores.jobs, MODEL_LABEL),
        INFERENCE_SERVICE: (stores.services, MODEL_LABEL),
        DEPLOYMENT: (stores.deployments, MODEL_LABEL),
        CONTROLLER_REVISION: (stores.revisions, MODEL_LABEL),
        DISRUPTION_BUDGET: (stores.budgets, MODEL_LABEL),
    }
    return [
        Informer(api, kind, namespace, selector, store, availability_changed, sleep=sleep)
        for kind, (store, selector) in watched.items()
        for namespace in settings.watch_namespaces or (None,)
    ]
