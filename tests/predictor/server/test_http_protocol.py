"""Clients that send or read too slowly, too much, or go: each costs a bounded time and memory, and nobody else."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS, GatedEngine
from tests.predictor.server.raw_client import post
from tests.predictor.server.running import RunningServer, running
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.server import http_protocol, http_server

PREDICT = post("/v1/models/tiny:predict", b'{"instances": ["good"]}')
CHUNKED = b"POST /v1/models/tiny:predict HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"


def connect(server: RunningServer) -> socket.socket:
    host, port = httpx.URL(server.url).host, httpx.URL(server.url).port
    return socket.create_connection((host, port or 0), PATIENCE_SECONDS)


def read(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def send_without_end(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 1_000_000)


@pytest.fixture(scope="module")
def server(tiny_model: LoadedModel) -> Iterator[RunningServer]:
    with running({"tiny": tiny_model}) as server:
        yield server


@pytest.mark.parametrize(
    "begun",
    [b"GET /v2 HTTP/1.1\r\nx: ", CHUNKED + b"1\r\nx\r\n0\r\nx: ", CHUNKED + b"1;x="],
    ids=["head", "trailer", "chunk"],
)
def test_a_head_without_an_end_is_refused(server: RunningServer, begun: bytes) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(begun)
        with pytest.raises(ConnectionError):
            send_without_end(connection)


def test_the_body_is_read_where_the_client_offers_another_protocol(server: RunningServer) -> None:
    offer = b"\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\nhost: "
    with closing(connect(server)) as connection:
        connection.sendall(PREDICT.replace(b"\r\nhost: ", offer))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_requests_sent_at_once_end_with_their_client(
    gated_model: LoadedModel, gated_engine: GatedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        running({"tiny": gated_model}) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        with closing(connect(server)) as connection:
            connection.sendall(PREDICT * 2)
            gated_engine.wait_until_busy()
        while not re.search(r'requests_total{.*status="499"} 1', client.get("/metrics").text):
            pass
        gated_engine.open()
    assert caplog.text == ""


class TestPatience:
    @pytest.fixture(autouse=True)
    def looks_often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http_server, "_STUCK_CHECK_SECONDS", 0)

    @pytest.fixture
    def end_patience(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        return lambda: monkeypatch.setattr(http_protocol, "PATIENCE_SECONDS", 0.0)

    def test_a_request_that_does_not_come_in_is_given_up(
        self, tiny_model: LoadedModel, end_patience: Callable[[], None]
    ) -> None:
        with running({"tiny": tiny_model}) as server, ExitStack() as connections:
            begun = [connections.enter_context(closing(connect(server))) for _ in range(4)]
            for connection, sent in zip(begun, (b"", b"GET /v2 HTT", PREDICT[:-5], CHUNKED), strict=True):
                connection.sendall(sent)
            end_patience()
            assert [read(connection) for connection in begun] == [b""] * 4

    def test_an_answer_that_is_not_read_is_given_up(
        self, tiny_model: LoadedModel, end_patience: Callable[[], None]
    ) -> None:
        tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}
        body = json.dumps({"id": "x" * 7_500_000, "inputs": [tensor]}).encode()
        with running({"tiny": tiny_model}) as server, closing(connect(server)) as connection:
            connection.sendall(post("/v2/models/tiny/infer", body))
            assert connection.recv(1) == b"H"
            end_patience()
            while server.open_connections:
                pass
            assert len(read(connection)) < len(body)

    def test_an_answer_may_take_longer_than_a_request(
        self, gated_model: LoadedModel, gated_engine: GatedEngine, end_patience: Callable[[], None]
    ) -> None:
        with running({"tiny": gated_model}) as server, closing(connect(server)) as connection:
            connection.sendall(PREDICT + PREDICT[:-5])  # what follows is not read before it is answered
            gated_engine.wait_until_busy()
            end_patience()
            with closing(connect(server)) as other:
                assert read(other) == b""  # stuck ones have been ended meanwhile
            gated_engine.open()
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
