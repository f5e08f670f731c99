"""A proxy between an operator and the API server: it numbers the writes, and goes wrong where it is told to."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

Object = dict[str, Any]

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_PASSED_ON = ("Authorization", "Content-Type", "Accept")
_LARGEST = 1 << 24
_REASONS = {409: "Conflict", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError"}
_GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}


class Fault(StrEnum):
    """What goes wrong at a write."""

    Crash = "crash"
    """The write is done, and the operator ends before it hears of it."""
    Stale = "stale"
    """The same, and what lists tell to the next operator is as old as some writes ago."""
    Conflict = "409"
    Invalid = "422"
    TooManyRequests = "429"
    Broken = "500"
    Lost = "lost"
    """The write is done, and its answer is lost."""
    Deaf = "deaf"
    """No event of what happens from then on comes through for a while, and then none can be caught up with."""


REFUSALS = (Fault.Conflict, Fault.Invalid, Fault.TooManyRequests, Fault.Broken)
EACH = -1
STALE_BY = 3
"""Writes before the crash that lists do not know of."""
DEAF_SECONDS = 0.2


@dataclass(frozen=True)
class Write:
    """A write of the operator and what came of it.

    Attributes:
        method: of HTTP.
        path: without the query.
        status: the API server's, or the fault's.
        answer: what the API server said; empty where it was not asked.
        sent: what the operator sent; empty where the API server was not asked.
    """

    method: str
    path: str
    status: int
    answer: Object = field(default_factory=dict, repr=False)
    sent: Object = field(default_factory=dict, repr=False)

    @property
    def created(self) -> bool:
        """Whether there is an object more."""
        return self.status == 201

    @property
    def deleted(self) -> bool:
        """Whether there is an object less."""
        return self.method == "DELETE" and self.status == 200

    @property
    def target(self) -> str:
        """Plural and name of the object, and the subresource."""
        _, _, rest = self.path.partition("/namespaces/")
        return rest.partition("/")[2]


class Proxy:
    """One operator's way to the API server.

    Args:
        upstream: the API server's URL.
        session: how it is asked.
        fault: what goes wrong.
        at: number of the write at which it does, from 0; EACH for every write, when it is tried first.
    """

    def __init__(
        self, upstream: str, session: aiohttp.ClientSession, fault: Fault | None = None, at: int = EACH
    ) -> None:
        self._upstream = upstream
        self._session = session
        self._fault, self._at = fault, at
        self._ended = False
        self._tried: set[tuple[str, str]] = set()
        self._deaf = asyncio.Event()
        self._old_version: str | None = None
        self._versions: list[str] = []
        self._served_old: set[str] = set()
        self.url = ""
        self.writes: list[Write] = []
        self.asked: list[str] = []
        """Method and path of every request but watches, the Lease's and reads included."""
        self.crashed = asyncio.Event()
        self.heard: Callable[[Object], None] = lambda _: None
        """Told of every object that the operator has written."""

    def counts(self) -> Counter[tuple[str, str]]:
        """How often what was created and deleted."""
        creates = Counter(("create", _counted(write)) for write in self.writes if write.created)
        return creates + Counter(("delete", _counted(write)) for write in self.writes if write.deleted)

    @property
    def struck(self) -> bool:
        """Whether the fault has come about."""
        return len(self.writes) > self._at

    def end(self) -> None:
        """The operator has ended: nothing of it comes through any more."""
        self._ended = True

    def restart(self) -> None:
        """Another operator has begun."""
        self._ended = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Answer on loopback for as long as the block runs."""
        runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._ended = True
            await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._ended:
            return _cut(request)
        if request.query.get("watch"):
            return await self._watch(request)
        self.asked.append(f"{request.method} {request.path}")
        if request.method in _WRITES and "/leases" not in request.path:
            return await self._write(request)
        return await self._pass_on(request)

    async def _write(self, request: web.BaseRequest) -> web.StreamResponse:
        fault = self._due(request)
        if fault in REFUSALS:
            status = int(fault.value)
            self.writes.append(Write(request.method, request.path, status))
            return _refusal(status)
        place = len(self.writes)
        self.writes.append(Write(request.method, request.path, 0))
        status, body = await self._ask(request)
        document = msgspec.json.decode(body)
        sent = msgspec.json.decode(await request.read())
        self.writes[place] = Write(request.method, request.path, status, document, sent)
        self._versions.append(document.get("metadata", {}).get("resourceVersion") or "")
        if 200 <= status < 300:
            self.heard(document)
        if fault in (Fault.Crash, Fault.Stale):
            self._crash(stale=fault is Fault.Stale)
        if fault is Fault.Deaf:
            self._deaf.set()
            asyncio.get_running_loop().call_later(DEAF_SECONDS, self._deaf.clear)
        if self._ended or fault is Fault.Lost:
            return _cut(request)
        return web.Response(body=body, status=status, content_type="application/json")

    def _due(self, request: web.BaseRequest) -> Fault | None:
        """What goes wrong at this write."""
        if self._at != EACH:
            return self._fault if len(self.writes) == self._at else None
        attempt = (request.method, request.path)
        if self._fault is None or attempt in self._tried:
            self._tried.discard(attempt)
            return None
        self._tried.add(attempt)
        return self._fault

    def _crash(self, *, stale: bool) -> None:
        self.end()
        known = [version for version in self._versions if version]
        if stale and known:
            self._old_version = known[max(0, len(known) - 1 - STALE_BY)]
        self.crashed.set()

    async def _pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        query = dict(request.query)
        # Pods are listed to decide by at once, and such a list is never old; watches begin where theirs ends.
        is_watched = "limit" in query and not request.path.endswith("/pods")
        if self._old_version and is_watched and request.path not in self._served_old:
            self._served_old.add(request.path)  # once: the API server catches up
            query |= {"resourceVersion": self._old_version, "resourceVersionMatch": "Exact"}
        status, body = await self._ask(request, query)
        return _cut(request) if self._ended else web.Response(body=body, status=status, content_type="application/json")

    async def _ask(self, request: web.BaseRequest, query: dict[str, str] | None = None) -> tuple[int, bytes]:
        async with self._session.request(
            request.method,
            self._upstream + request.path,
            params=dict(request.query) if query is None else query,
            data=await request.read(),
            headers=_headers(request),
        ) as answer:
            return answer.status, await answer.read()

    async def _watch(self, request: web.BaseRequest) -> web.StreamResponse:
        async with self._session.get(
            self._upstream + request.path, params=dict(request.query), headers=_headers(request)
        ) as answer:
            if answer.status != 200:
                return web.Response(body=await answer.read(), status=answer.status, content_type="application/json")
            response = web.StreamResponse()
            await response.prepare(request)
            async for line in answer.content:
                if self._ended:
                    return _cut(request)
                if self._deaf.is_set():
                    await self._until_it_hears_again()
                    await response.write(json.dumps(_GONE).encode() + b"\n")
                    return response
                await response.write(line)
            return response

    async def _until_it_hears_again(self) -> None:
        while self._deaf.is_set():  # noqa: ASYNC110 - an Event tells of its setting alone
            await asyncio.sleep(DEAF_SECONDS / 10)


def _counted(write: Write) -> str:
    """Events have names of their own; all others are counted by name."""
    kind, _, name = write.target.partition("/")
    return kind if kind == "events" else f"{kind}/{name}"


def _headers(request: web.BaseRequest) -> dict[str, str]:
    return {name: request.headers[name] for name in _PASSED_ON if name in request.headers}


def _refusal(status: int) -> web.Response:
    words = {"kind": "Status", "status": "Failure", "code": status, "reason": _REASONS[status], "message": "a fault"}
    headers = {"Retry-After": "1"} if status == 429 else {}
    return web.json_response(words, status=status, headers=headers)


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    """No answer: the connection is broken off."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
