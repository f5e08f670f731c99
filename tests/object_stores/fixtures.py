"""Fixtures: each server is started for the first test that asks for it, and serves all others too."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.object_stores.install import not_installed
from tests.object_stores.servers import VARIABLE, ObjectServer, serving
from transformermodel_predictor.objects.location import Scheme

ObjectServers = Callable[[Scheme], ObjectServer]


@pytest.fixture(scope="session")
def running_object_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServers]:
    """The server of a service; started at the first call."""
    running: dict[Scheme, ObjectServer] = {}
    with ExitStack() as stack:

        def start(scheme: Scheme) -> ObjectServer:
            if scheme not in running:
                folder = tmp_path_factory.mktemp("objects") / scheme.name.lower()
                running[scheme] = stack.enter_context(serving(scheme, folder))
            return running[scheme]

        yield start


@pytest.fixture
def object_server(running_object_servers: ObjectServers, monkeypatch: pytest.MonkeyPatch) -> ObjectServers:
    """The server of a service, to which the environment points. The test is skipped where it is not installed."""

    def start(scheme: Scheme) -> ObjectServer:
        if reason := not_installed(scheme):
            if os.environ.get("CI") == "true":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)
        server = running_object_servers(scheme)
        for name in filter(VARIABLE.fullmatch, list(os.environ)):
            monkeypatch.delenv(name)
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        return server

    return start
