"""Wires up the operator: watches fill the stores, changes fill the queue, and the leading replica works on it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from transformermodel_operator.client import Api
from transformermodel_operator.events.herald import Herald
from transformermodel_operator.events.recorder import Recorder
from transformermodel_operator.health import ailments
from transformermodel_operator.lease import Election, Periods
from transformermodel_operator.metrics.census import Census
from transformermodel_operator.metrics.instruments import QueueInstruments, ReconcileInstruments
from transformermodel_operator.metrics.levels import Levels
from transformermodel_operator.metrics.watches import WatchLevels
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
from transformermodel_operator.pods.progress import ProgressBoard
from transformermodel_operator.queue import Clockwork, WorkQueue
from transformermodel_operator.reconciler import Reconciler, Stores
from transformermodel_operator.settings import Settings
from transformermodel_operator.tracing import Tracer, Untraced
from transformermodel_operator.watches import kept
from transformermodel_operator.watches.informer import Informer
from transformermodel_operator.watches.store import Store
from transformermodel_operator.worker import Outcome, work

WORKERS = 8
"""Models reconciled at once: reconciling is mostly waiting for the API server."""

LAST_WORDS = 5.0
"""Seconds allowed for recording events when the process ends."""

END_OF_WORK = 20.0
"""Seconds allowed for finishing current work when the process ends."""


@dataclass(frozen=True)
class Surroundings:
    """What an operation depends on besides the API server and its settings.

    Attributes:
        registry: where its metrics are registered.
        tracer: traces its reconciliations.
        periods: of the leader election.
        clockwork: schedules calls; None for the running event loop.
        sleep: waits so many seconds before a retry.
    """

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    tracer: Tracer = field(default_factory=Untraced)
    periods: Periods = field(default_factory=Periods)
    clockwork: Clockwork | None = None
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep


class Operation:
    """One replica of the operator.

    Args:
        api: the API server.
        settings: the operator's.
        surroundings: its other dependencies.
    """

    def __init__(self, api: Api, settings: Settings, surroundings: Surroundings) -> None:
        clockwork = surroundings.clockwork or asyncio.get_running_loop()
        self._watcher = _Watcher(ReconcileInstruments(surroundings.registry, WORKERS), surroundings.tracer)
        census = Census()
        self.queue: WorkQueue[Key] = WorkQueue(clockwork, QueueInstruments(surroundings.registry))
        self.stores = _stores(self.queue, census)
        self.informers = _informers(api, self.stores, self._add_all, settings, surroundings.sleep)
        self._progress = ProgressBoard(api, self.queue.add)
        self._herald = Herald(Recorder(api, settings.identity, sleep=surroundings.sleep))
        self._reconciler = Reconciler(
            cluster=api,
            stores=self.stores,
            herald=self._herald,
            settings=settings,
            kserve_installed=self._kserve_installed,
            follow=self._progress.follow,
        )
        self.election = Election(api, settings.operator_namespace, settings.identity, surroundings.periods)
        self._leading: asyncio.Task[None] | None = None
        surroundings.registry.register(Levels(self.queue, lambda: self.election.leads, census))
        surroundings.registry.register(WatchLevels(self.informers))

    async def run(self) -> None:
        """Watch, and reconcile while this replica is the leader; until `end`, or until cancelled.

        Raises:
            ExceptionGroup: a task failed with an unexpected error.
        """
        async with asyncio.TaskGroup() as parts:
            around = [parts.create_task(informer.run()) for informer in self.informers]
            around.append(parts.create_task(self._herald.run()))
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
            await asyncio.wait({self._leading}, timeout=END_OF_WORK)
        self._leading.cancel()
        await asyncio.wait({self._leading})

    @property
    def is_idle(self) -> bool:
        """Whether there is no work and no event to record until something happens."""
        return self.queue.is_idle and self._herald.is_idle

    def ailments(self) -> tuple[str, ...]:
        """Problems that a restart would solve; empty while healthy."""
        return ailments(self.informers, self.queue)

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
                parts.create_task(work(self.queue, self._reconciler.reconcile, self._watcher)) for _ in range(WORKERS)
            ]
            await asyncio.wait(workers)
            progress.cancel()
        await self._herald.drain(LAST_WORDS)

    def _add_all(self) -> None:
        for key in self.stores.models.models():
            self.queue.add(key)

    def _kserve_installed(self) -> bool:
        return all(informer.available for informer in self.informers if informer.kind is INFERENCE_SERVICE)


@dataclass(frozen=True)
class _Watcher:
    """Implements `worker.Watcher`."""

    instruments: ReconcileInstruments
    tracer: Tracer

    def reconciled(self, outcome: Outcome, seconds: float) -> None:
        self.instruments.reconciled(outcome, seconds)

    def span(self, key: Key) -> AbstractContextManager[None]:
        return self.tracer.span(key)


def _stores(queue: WorkQueue[Key], census: Census) -> Stores:
    return Stores(
        models=Store(key_of, queue.add, kept.of_model, census),
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
