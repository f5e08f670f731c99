"""Ports that are a server's from when they are looked at."""

import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from transformermodel_api.errors import UserError
from transformermodel_predictor.server.address import Addresses, listen
from transformermodel_predictor.server.lifecycle import ModelServer
from transformermodel_predictor.server.listeners import listening
from transformermodel_predictor.server.management.options import ManagementOptions
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

ALL = ServerOptions(
    host="127.0.0.1", http_port=0, grpc_port=0, metrics_port=0, management=ManagementOptions(0, Token("secret"))
)


def test_every_port_is_kept_until_the_end_and_named_as_clients_reach_it() -> None:
    with listening(ALL) as listeners:
        opened = (listeners.http, listeners.grpc, listeners.metrics, listeners.management)
        ports = [each.getsockname()[1] for each in opened if each is not None]
        assert len(set(ports)) == 4
        for port in ports:
            with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is in use"):
                listen("127.0.0.1", port)
        http, grpc, metrics, management = ports
        assert listeners.addresses("https") == Addresses(
            f"https://127.0.0.1:{http}",
            f"127.0.0.1:{grpc}",
            f"http://127.0.0.1:{metrics}/metrics",
            f"http://127.0.0.1:{management}",
        )
    for port in ports:
        listen("127.0.0.1", port).close()


def test_a_server_that_is_interrupted_keeps_none_of_them() -> None:
    interrupted = replace(ALL, management=None, on_ready=lambda _: server.http.interrupt())
    server = ModelServer({}, interrupted)
    with listening(interrupted) as listeners:
        ports = [each.getsockname()[1] for each in (listeners.http, listeners.grpc, listeners.metrics) if each]
        server.run(listeners)
    for port in ports:
        listen("127.0.0.1", port).close()


def test_what_is_not_wanted_is_not_opened() -> None:
    with listening(ServerOptions(host="127.0.0.1", http_port=0)) as listeners:
        assert (listeners.grpc, listeners.metrics, listeners.management) == (None, None, None)
        assert listeners.addresses("http").grpc is None


@pytest.mark.parametrize(
    ("flag", "options"),
    [
        ("--http-port", lambda port: ServerOptions(host="127.0.0.1", http_port=port)),
        ("--grpc-port", lambda port: ServerOptions(host="127.0.0.1", http_port=0, grpc_port=port)),
        ("--metrics-port", lambda port: ServerOptions(host="127.0.0.1", http_port=0, metrics_port=port)),
        (
            "--management-port",
            lambda port: ServerOptions(http_port=0, management=ManagementOptions(port, Token("secret"))),
        ),
    ],
)
def test_a_port_in_use_is_named_by_its_flag(flag: str, options: Callable[[int], ServerOptions]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} .*{flag}"), listening(options(port)):
            pass
