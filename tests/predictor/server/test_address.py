import socket
from collections.abc import Iterator

import pytest

from transformermodel_api.errors import UserError
from transformermodel_predictor.server.address import default_host, listen, url_of
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
    with pytest.raises(UserError, match=str(taken)):
        ServerOptions(host="127.0.0.1", http_port=taken).require_usable()


def test_asking_whether_a_port_is_free_leaves_it_free() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    options = ServerOptions(host="127.0.0.1", http_port=port)
    options.require_usable()
    options.require_usable()


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_a_host_that_is_not_here_is_named(host: str) -> None:
    with pytest.raises(UserError, match=f"{host}.*--host"):
        listen(host, 0)


def test_the_url_is_one_that_a_client_here_can_use() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
    with listen("0.0.0.0", 0) as listener:
        assert url_of(listener) == f"http://localhost:{listener.getsockname()[1]}"
