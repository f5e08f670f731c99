"""The operator's process: makes the parts, wires them and runs them."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence

from transformermodel_operator.client import Api, ApiError
from transformermodel_operator.connection import configure, connect
from transformermodel_operator.informer import Informer
from transformermodel_operator.lease import Election
from transformermodel_operator.logs import configure_logs
from transformermodel_operator.objects import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    INFERENCE_SERVICE,
    JOB,
    MODEL,
    Key,
    key_of_child,
    key_of_model,
)
from transformermodel_operator.queue import WorkQueue, work
from transformermodel_operator.reconciler import Reconciler, Stores
from transformermodel_operator.recorder import Recorder
from transformermodel_operator.settings import Settings
from transformermodel_operator.store import Store
from transformermodel_operator.watcher import watch_models

WORKERS = 4
"""Models that are worked on at once."""

_CRD_MISSING_DELAY = 5.0

_log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Run the operator until the process is asked to end (SIGTERM, SIGINT).

    Raises:
        UserError: there is no cluster to connect to.
    """
    configure_logs()
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    configuration = await configure(os.environ)
    async with connect(configuration) as api:
        await _wait_for_crd(api)
        queue: WorkQueue[Key] = WorkQueue(asyncio.get_running_loop())
        stores = Stores(
            models=Store(key_of_model, queue.add),
            jobs=Store(key_of_child, queue.add),
            services=Store(key_of_child, queue.add),
            deployments=Store(key_of_child, queue.add),
            revisions=Store(key_of_child, queue.add),
            budgets=Store(key_of_child, queue.add),
        )
        informers = _informers(api, stores, queue, settings)
        lead = _leader(api, stores, queue, informers, settings)
        election = Election(api, settings.operator_namespace, settings.identity)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(informer.run()) for informer in informers]
                tasks.append(group.create_task(_lead_when_synced(election, informers, lead)))
                await watch_models(stores.models, configuration, settings, lambda: _end(tasks))
        finally:
            await election.release()


def _informers(api: Api, stores: Stores, queue: WorkQueue[Key], settings: Settings) -> list[Informer]:
    watched = {
        JOB: stores.jobs,
        INFERENCE_SERVICE: stores.services,
        DEPLOYMENT: stores.deployments,
        CONTROLLER_REVISION: stores.revisions,
        DISRUPTION_BUDGET: stores.budgets,
    }
    return [
        Informer(api, kind, namespace, store, lambda: _add_all(queue, stores))
        for kind, store in watched.items()
        for namespace in settings.watch_namespaces or (None,)
    ]


def _leader(
    api: Api, stores: Stores, queue: WorkQueue[Key], informers: Sequence[Informer], settings: Settings
) -> Callable[[], Awaitable[None]]:
    """What the leading replica does; the others keep their stores and queues warm."""
    services = [informer for informer in informers if informer.kind is INFERENCE_SERVICE]
    reconciler = Reconciler(
        cluster=api,
        stores=stores,
        herald=Recorder(api, settings.identity),
        settings=settings,
        kserve_installed=lambda: all(informer.available for informer in services),
    )

    async def lead() -> None:
        _add_all(queue, stores)
        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(work(queue, reconciler.reconcile))

    return lead


def _add_all(queue: WorkQueue[Key], stores: Stores) -> None:
    for key in stores.models.models():
        queue.add(key)


async def _lead_when_synced(
    election: Election, informers: Sequence[Informer], lead: Callable[[], Awaitable[None]]
) -> None:
    """Nobody decides before the children have been listed: absent would look like deleted."""
    for informer in informers:
        await informer.synced.wait()
    await election.run(lead)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _wait_for_crd(api: Api) -> None:
    waits = False
    while True:
        try:
            if await api.serves(MODEL):
                return
            trouble = "TransformerModels are not known in this cluster: apply the CRD"
        except ApiError as error:
            trouble = str(error)
        if not waits:
            _log.warning("%s; waits", trouble)
        waits = True
        await asyncio.sleep(_CRD_MISSING_DELAY)
