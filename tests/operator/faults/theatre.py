"""One API server on which scenarios are played, many beside each other, each in a namespace of its own."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.dynamic import DynamicClient

from tests.operator.faults.api_server import ApiServer
from tests.operator.faults.proxy import Proxy
from tests.operator.faults.stage import CALM, Stage, staged
from transformermodel_operator.lease import Periods

T = TypeVar("T")

AT_ONCE = 8


@dataclass(frozen=True)
class Theatre:
    """An API server, and the account of its operators."""

    server: ApiServer
    token: str

    def play(self, plays: Sequence[Callable[["Boards"], Awaitable[T]]]) -> list[T]:
        """Play all, some of them at once; their outcomes in the same order."""

        async def play_all() -> list[T]:
            places = asyncio.Semaphore(AT_ONCE)

            async def play(one: Callable[[Boards], Awaitable[T]], boards: Boards) -> T:
                async with places:
                    return await one(boards)

            async with self._boards() as boards:
                return await asyncio.gather(*(play(one, boards) for one in plays))

        return asyncio.run(play_all())

    @asynccontextmanager
    async def _boards(self) -> AsyncIterator["Boards"]:
        configuration = Configuration(host=self.server.url)
        configuration.ssl_ca_cert = str(self.server.authority)
        configuration.cert_file = str(self.server.admin.certificate)
        configuration.key_file = str(self.server.admin.key)
        configuration.connection_pool_maxsize = 0
        configuration.client_session_kwargs = {"trust_env": False}
        connector = aiohttp.TCPConnector(limit=0, ssl=ssl.create_default_context(cafile=str(self.server.authority)))
        async with (
            ApiClient(configuration) as client,
            aiohttp.ClientSession(connector=connector, read_bufsize=2**21) as session,
        ):
            yield Boards(self, DynamicClient(client), session)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Boards:
    """The way to the API server, for as long as something is played.

    Attributes:
        theatre: where.
        client: of somebody who may do everything.
        session: how proxies ask the API server.
    """

    theatre: Theatre
    client: DynamicClient
    session: aiohttp.ClientSession

    @asynccontextmanager
    async def staged(self, namespace: str, proxy: Proxy, periods: Periods = CALM) -> AsyncIterator[Stage]:
        """A new namespace with an operator behind a proxy."""
        await self.new_namespace(namespace)
        async with staged(self.client, namespace, proxy, self.theatre.token, periods) as stage:
            yield stage

    async def new_namespace(self, namespace: str) -> None:
        """Make a namespace."""
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        answer = await self.client.request("post", "/api/v1/namespaces", body=document, serialize=False)
        await answer.read()
