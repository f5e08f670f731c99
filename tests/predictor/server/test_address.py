import socket
from collections.abc import Iterator

import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from transformermodel_api.errors import UserError
from transformermodel_predictor.server.address import default_host, hold, listen, url_of
from transformermodel_predictor.server.options import ServerOptions


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        yield port


def test_one_machine_is_served_on_loopback_only() -> None:
    assert default_host({"HOME": "/root"}) == "127.0.0.1"


def test_a_pod_is_served_on_all_interfaces() -> None:
    assert default_host({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}) == "0.0.0.0"


def test_the_users_word_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert ServerOptions().address == "0.0.0.0"
    assert ServerOptions(host="127.0.0.1").address == "127.0.0.1"


def test_a_port_in_use_is_named_with_the_remedy(taken: int) -> None:
    with pytest.raises(UserError, match=f"port {taken} on 127.0.0.1 is in use.*--http-port"):
        listen("127.0.0.1", taken)
    with pytest.raises(UserError, match=f"port {taken} on 127.0.0.1 is in use.*--grpc-port"):
        hold("127.0.0.1", taken, "--grpc-port")


@pytest.mark.parametrize("setting", [0, socket.SO_REUSEADDR])
def test_a_port_that_is_held_is_no_other_servers_and_refuses_clients(setting: int) -> None:
    """Most servers share an address that nobody listens on (SO_REUSEADDR)."""
    with hold("127.0.0.1", 0, "--grpc-port") as holder, socket.socket() as other:
        if setting:
            other.setsockopt(socket.SOL_SOCKET, setting, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(holder.getsockname())
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(holder.getsockname(), timeout=PATIENCE_SECONDS)
        with pytest.raises(UserError, match="in use"):
            hold(*holder.getsockname(), "--grpc-port")


def test_a_port_with_connections_that_linger_of_a_server_before_can_be_held() -> None:
    with listen("127.0.0.1", 0) as before:
        address = before.getsockname()
        before.setblocking(True)
        with socket.create_connection(address, timeout=PATIENCE_SECONDS) as client:
            before.accept()[0].close()
            assert client.recv(1) == b"", "the server has closed first, so that the connection lingers with it"
    hold(*address, "--grpc-port").close()


def test_whoever_shares_the_port_with_its_holder_gets_all_connections() -> None:
    with hold("127.0.0.1", 0, "--grpc-port") as holder, socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(holder.getsockname())
        server.listen()
        for _ in range(20):
            socket.create_connection(holder.getsockname(), timeout=PATIENCE_SECONDS).close()


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_a_host_that_is_not_here_is_named(host: str) -> None:
    with pytest.raises(UserError, match=f"{host}.*--host"):
        listen(host, 0)


def test_the_url_is_one_that_a_client_here_can_use() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
    with listen("0.0.0.0", 0) as listener:
        assert url_of(listener) == f"http://localhost:{listener.getsockname()[1]}"
