"""One namespace in which an operator works behind a proxy, and what is left of it in the end."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from kubernetes.aio.client import Configuration
from kubernetes.aio.dynamic import DynamicClient

from tests.operator.faults.bystanders import Administrator, Bystanders
from tests.operator.faults.proxy import Object, Proxy
from transformermodel_operator.connection import connect
from transformermodel_operator.lease import Periods
from transformermodel_operator.operation import Dependencies, Operation
from transformermodel_operator.queue import Timer
from transformermodel_operator.settings import Settings

PATIENCE = 120.0
"""Seconds after which what is waited for is not expected any more."""

NAME = "sentiment"
CALM = Periods()
KINDS = ("TransformerModel", "Job", "InferenceService", "ControllerRevision", "PodDisruptionBudget", "Deployment")
_OF_A_RUN = re.compile(
    r".*uid$|resourceVersion|creationTimestamp|lastTransitionTime|managedFields|generation$|.*applied-hash$"
)


HURRY = 100
"""How many times as fast the time between attempts passes."""


class HurriedScheduler:
    """The queue's."""

    def call_later(self, delay: float, callback: Callable[[Any], None], item: Any, /) -> Timer:
        return asyncio.get_running_loop().call_later(delay / HURRY, callback, item)


@dataclass(frozen=True)
class End:
    """What a scenario has come to.

    Attributes:
        objects: all objects of the model, without what differs between runs.
        events: how often which event was told.
        counts: how often what was created and deleted.
    """

    objects: Object
    events: Counter[tuple[str, str, str]]
    counts: Counter[tuple[str, str]]


class Stage:
    """A namespace, its operator and those around it.

    Args:
        administrator: who may do everything.
        proxy: the operator's way to the API server.
        token: whom the operator is to the API server.
        bystanders: those around it; others of its own where None.
        identity: name of its replica.
        periods: of its Lease.
    """

    def __init__(
        self,
        administrator: Administrator,
        proxy: Proxy,
        token: str,
        bystanders: Bystanders | None = None,
        identity: str = "one",
        periods: Periods = CALM,
    ) -> None:
        self.administrator = administrator
        self.proxy = proxy
        self.bystanders = bystanders or Bystanders(administrator)
        self.operation: Operation | None = None
        self._token = token
        self._identity = identity
        self._periods = periods
        self._model: Object = {}
        self._heard = asyncio.Event()
        proxy.heard = self._hear

    async def run_operator(self) -> None:
        """Run the operator, and another whenever it crashes; until cancelled."""
        while True:
            self.proxy.crashed.clear()
            self.proxy.restart()
            life = asyncio.create_task(self._live())
            crash = asyncio.create_task(self.proxy.crashed.wait())
            try:
                await asyncio.wait({life, crash}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                crash.cancel()
                life.cancel()
                with suppress(asyncio.CancelledError):
                    await life

    async def _live(self) -> None:
        namespace = self.administrator.namespace
        configuration = Configuration(host=self.proxy.url)
        configuration.api_key = {"BearerToken": f"Bearer {self._token}"}
        configuration.connection_pool_maxsize = 0
        configuration.client_session_kwargs = {"trust_env": False}  # as the operator itself has it
        settings = Settings(
            operator_namespace=namespace,
            identity=self._identity,
            predictor_image="predictor:1",
            watch_namespaces=(namespace,),
            default_storage="pvc://models",
        )
        async with connect(configuration) as api:
            self.operation = Operation(
                api, settings, Dependencies(periods=self._periods, scheduler=HurriedScheduler(), sleep=_hurry)
            )
            await self.operation.run()

    async def until(self, holds: Callable[[Object], bool]) -> Object:
        """Wait until something holds of the model as the operator has last reported it."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds(self._model):
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            raise AssertionError(f"not reached; last seen: {json.dumps(self._model.get('status'), indent=1)}") from None
        return self._model

    async def until_it_leads(self) -> None:
        """Wait until the operator holds the Lease."""
        async with asyncio.timeout(PATIENCE):
            while self.operation is None or not self.operation.election.leads:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def beside(self, proxy: Proxy, identity: str) -> AsyncIterator["Stage"]:
        """Another replica of the operator, in the same namespace."""
        other = Stage(self.administrator, proxy, self._token, self.bystanders, identity, self._periods)
        async with other.running():
            yield other

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The operator runs for as long as the block does."""
        async with self.proxy.running():
            operator = asyncio.create_task(self.run_operator())
            try:
                yield
            finally:
                operator.cancel()
                with suppress(asyncio.CancelledError):
                    await operator

    async def settle(self) -> None:
        """Wait until the operator knows all there is, and has nothing to do."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self._is_settled():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"not settled; idle: {self._is_idle()}; unknown: {await self._unknown()}") from None

    async def _is_settled(self) -> bool:
        await self.bystanders.settle()
        if not self._is_idle():
            return False
        return not await self._unknown() and self._is_idle()

    def _is_idle(self) -> bool:
        operation = self.operation
        return operation is not None and operation.election.leads and operation.is_idle

    async def _unknown(self) -> dict[str, list[str | None]]:
        """The objects that the operator does not know as they are: their versions, and those it knows."""
        assert self.operation is not None
        stores = self.operation.stores
        kept = (stores.models, stores.jobs, stores.services, stores.revisions, stores.budgets, stores.deployments)
        different = {}
        for kind, store in zip(KINDS, kept, strict=True):
            live = _versions(await self.administrator.all(kind))
            seen = _versions([found for model in store.models() for found in store.of(model)])
            for name in live.keys() | seen.keys():
                if live.get(name) != seen.get(name):
                    different[f"{kind}/{name}"] = [live.get(name), seen.get(name)]
        return different

    async def end(self) -> End:
        """What there is now."""
        objects = {
            f"{kind}/{found['metadata']['name']}": masked(self.anywhere(found))
            for kind in KINDS
            for found in await self.administrator.all(kind)
        }
        events = Counter(
            (event["type"], event["reason"], event["note"])
            for event in await self.administrator.all("Event")
            for _ in range((event.get("series") or {}).get("count", 1))
        )
        return End(objects, events, self.proxy.counts())

    def anywhere(self, document: Object) -> Object:
        """The document as it would be in any other namespace."""
        found: Object = json.loads(json.dumps(document).replace(self.administrator.namespace, "NAMESPACE"))
        return found

    def _hear(self, document: Object) -> None:
        self.bystanders.hear(document)
        if document.get("kind") == "TransformerModel":
            self._model = document
            self._heard.set()


@asynccontextmanager
async def staged(
    client: DynamicClient, namespace: str, proxy: Proxy, token: str, periods: Periods
) -> AsyncIterator[Stage]:
    """A namespace with a claim, and an operator at work in it."""
    administrator = Administrator(client, namespace)
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "models"},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    await administrator.apply(claim)
    stage = Stage(administrator, proxy, token, periods=periods)
    async with stage.running():
        yield stage


async def _hurry(seconds: float) -> None:
    await asyncio.sleep(seconds / HURRY)


def _versions(documents: list[Any]) -> dict[str, str]:
    return {found["metadata"]["name"]: found["metadata"]["resourceVersion"] for found in documents}


def masked(value: Any) -> Any:
    """The value without what differs from run to run."""
    if isinstance(value, dict):
        return {key: masked(found) for key, found in value.items() if not _OF_A_RUN.match(key)}
    return [masked(found) for found in value] if isinstance(value, list) else value
