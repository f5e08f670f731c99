"""A server process under load from many clients: nothing is lost, nothing is wrong, nothing is left behind."""

import asyncio
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import psutil
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.raw_client import Connection, post
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.loading import LoadedModel

pytestmark = pytest.mark.slow

TEXT_LIMIT = 2_000
CLIENTS = 32
REQUESTS = 15_000
AT_ONCE = 1_000
MOST_BURSTS = 12
MOST_COLLECTED = 100_000
"""Objects that the collector looks at in 50 ms; PyTorch and transformers have several times as many."""
NOTICED_AFTER_REQUESTS = 1_000
FLAT = 8 * 2**20
"""Bytes that a process may grow while it answers: less than a leak of 1 KiB a request would make."""

SERVE = """
import asyncio, gc, signal, sys
from pathlib import Path
from transformermodel_predictor.server.serving import ServerOptions, serve

def ready(addresses):
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: print(len(asyncio.all_tasks()), flush=True))
    parsers = [name for name in sys.modules if name.startswith("uvicorn.protocols.http.") and name.endswith("_impl")]
    print(addresses.url, type(loop).__module__, *parsers, gc.get_freeze_count(), flush=True)

serve({"tiny": Path(sys.argv[1])}, ServerOptions(http_port=0, max_text_bytes=int(sys.argv[2]), on_ready=ready))
"""

TEXTS = (
    *("good", "bad", "i love this movie", "it was good", "i hate it", "good bad " * 3, "unknown words 東京 😀", ""),
    "this movie was bad " * 30,
)


@dataclass(frozen=True)
class Held:
    """What a process holds besides memory."""

    threads: int
    files: int
    tasks: int


class ServerProcess:
    """The server, and what the system says of it."""

    def __init__(self, artifact: Artifact) -> None:
        command = [sys.executable, "-c", SERVE, str(artifact.path), str(TEXT_LIMIT)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._system = psutil.Process(self.process.pid)
        url, *self.parts, uncollected = self._line().split()
        self.uncollected = int(uncollected)
        self.port = urlsplit(url).port or 0
        self.client = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS)
        self.client.post("/v1/models/tiny:predict", json={"instances": TEXTS * 20})  # pools of threads begin with work
        self.at_rest = self.held()

    @property
    def memory(self) -> int:
        """Resident bytes."""
        resident: int = self._system.memory_info().rss
        return resident

    def held(self) -> Held:
        self.process.send_signal(signal.SIGUSR1)
        tasks = int(self._line())
        return Held(self._system.num_threads(), self._system.num_fds(), tasks)

    def require_at_rest(self) -> None:
        """It comes to hold what it held at first, once it has noticed that its clients have gone."""
        for _ in range(NOTICED_AFTER_REQUESTS):
            self.client.get("/v2/health/live")
            if self.held() == self.at_rest:
                return
        assert self.held() == self.at_rest

    def counted(self) -> Counter[str]:
        """Requests that are over, by status."""
        lines = self.client.get("/metrics").text
        found = re.findall(r'requests_total{.*status="(\d+)"} (\d+)', lines)
        counted: Counter[str] = Counter()
        for status, count in found:
            counted[status] += int(count)
        return counted

    def end(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture(scope="module")
def server(tiny_artifact: Artifact) -> Iterator[ServerProcess]:
    process = ServerProcess(tiny_artifact)
    yield process
    process.end()


@dataclass(frozen=True)
class Exchange:
    """A request, and what is right to answer.

    Attributes:
        request: as it goes over the wire.
        status: of the answer.
        answers: label and score of each text; none where the request is refused.
        waits: whether the client waits for the answer.
    """

    request: bytes
    status: int = 200
    answers: tuple[tuple[str, float], ...] = ()
    waits: bool = True


class Exchanges:
    """Requests of all kinds, with the answers that the model gives in this process."""

    def __init__(self, model: LoadedModel) -> None:
        self._answers = {
            text: (answer["label"], answer["score"]) for text in TEXTS for answer in model.answer([{"text": text}])
        }

    def v2(self, *texts: str, waits: bool = True) -> Exchange:
        tensor = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
        request = post("/v2/models/tiny/infer", orjson.dumps({"inputs": [tensor]}))
        return Exchange(request, answers=tuple(self._answers[text] for text in texts), waits=waits)

    def v1(self, *texts: str) -> Exchange:
        request = post("/v1/models/tiny:predict", orjson.dumps({"instances": texts}))
        return Exchange(request, answers=tuple(self._answers[text] for text in texts))

    def mixed(self, count: int) -> list[Exchange]:
        """Mostly good ones of one to eight texts; some that are refused; some whose client goes."""
        chosen = random.Random(count)  # noqa: S311 - the same requests every time
        refused = [
            Exchange(post("/v2/models/tiny/infer", b'{"inputs": ['), 400),
            Exchange(post("/v2/models/tiny/infer", b'{"inputs": [{"name": "text", "shape": [1]}]}'), 400),
            Exchange(post("/v1/models/none:predict", b'{"instances": ["good"]}'), 404),
            Exchange(post("/v1/models/tiny:predict", orjson.dumps({"instances": ["x" * (TEXT_LIMIT + 1)]})), 413),
        ]

        def one() -> Exchange:
            texts = chosen.choices(TEXTS, k=chosen.choice((1, 1, 1, 2, 8)))
            kinds = (self.v2(*texts), self.v1(*texts), chosen.choice(refused), self.v2(*texts, waits=False))
            return chosen.choices(kinds, (60, 25, 10, 5))[0]

        return [one() for _ in range(count)]


def require_right(exchange: Exchange, status: int, document: Any) -> None:
    assert status == exchange.status, document
    if status != 200:
        assert list(document) == ["error"]
        return
    if "predictions" in document:
        told = [(row["label"], row["score"]) for row in document["predictions"]]
    else:
        columns = {output["name"]: output["data"] for output in document["outputs"]}
        told = list(zip(columns["label"], columns["score"], strict=True))
    assert [label for label, _ in told] == [label for label, _ in exchange.answers]
    for (_, score), (_, expected) in zip(told, exchange.answers, strict=True):
        assert abs(score - expected) < 1e-4


async def ask_all(port: int, exchanges: Sequence[Exchange]) -> None:
    """Many clients, each with its own connection, one request after another; every answer is looked at."""
    left = iter(exchanges)

    async def client() -> None:
        async with Connection(port) as connection:
            for exchange in left:
                if exchange.waits:
                    require_right(exchange, *await connection.ask(exchange.request))
                else:
                    async with Connection(port) as going:
                        await going.ask_and_go(exchange.request)

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(client())


async def ask_at_once(port: int, exchanges: Sequence[Exchange]) -> None:
    """One client for each; none sends before all are connected."""
    together = asyncio.Barrier(len(exchanges))

    async def client(exchange: Exchange) -> None:
        async with Connection(port) as connection:
            await together.wait()
            require_right(exchange, *await connection.ask(exchange.request))

    async with asyncio.TaskGroup() as clients:
        for exchange in exchanges:
            clients.create_task(client(exchange))


async def test_thousands_of_requests_leave_nothing_behind(server: ServerProcess, tiny_model: LoadedModel) -> None:
    exchanges = Exchanges(tiny_model).mixed(REQUESTS)
    await ask_all(server.port, exchanges[: REQUESTS // 3])
    server.require_at_rest()
    memory, counted = server.memory, server.counted()

    rest = exchanges[REQUESTS // 3 :]
    await ask_all(server.port, rest)

    server.require_at_rest()
    assert server.memory - memory < FLAT
    waited = Counter(str(exchange.status) for exchange in rest if exchange.waits)
    others = server.counted() - counted - waited
    assert set(others) <= {"200", "499"}, "a client that went was answered already, or was not"
    assert others.total() <= len(rest) - waited.total()


def settled(memory: Sequence[int]) -> bool:
    """Three bursts raised it by less than 512 bytes for each request: first ones fill pools, a leak would go on."""
    return len(memory) > 3 and memory[-1] - memory[-4] < 3 * AT_ONCE * 512


async def test_a_thousand_requests_at_once(server: ServerProcess, tiny_model: LoadedModel) -> None:
    exchanges = Exchanges(tiny_model)
    burst = [exchanges.v2(TEXTS[number % len(TEXTS)]) for number in range(AT_ONCE)]
    memory: list[int] = []
    while not settled(memory) and len(memory) < MOST_BURSTS:
        await ask_at_once(server.port, burst)
        memory.append(server.memory)

    server.require_at_rest()
    assert settled(memory), memory


def test_the_event_loop_and_the_parser_are_the_fast_ones(server: ServerProcess) -> None:
    assert server.parts == ["uvloop", "uvicorn.protocols.http.httptools_impl"]


def test_modules_are_passed_over_by_the_collector_which_would_keep_everybody_waiting(server: ServerProcess) -> None:
    assert server.uncollected > MOST_COLLECTED
