"""The real TorchServe and our server, each with the same archives."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.handler_archive import archive
from tests.predictor.server.running import running
from tests.torchserve.install import unavailable
from tests.torchserve.server import serving
from transformermodel_predictor.server.management.options import ManagementOptions
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

SHOWS = """
    import json

    from ts.service import PredictionException

    def handle(rows, context):
        if rows is not None and context.get_request_header(0, "describe") == "True":
            return [{"about": "shows"}]
        return None if rows is None else [answer(index, row, context) for index, row in enumerate(rows)]

    def answer(index, row, context):
        wish = row.get("wish")
        wish = bytes(wish).decode() if wish else ""
        if wish == "fail":
            raise ValueError("cannot do this")
        if wish == "no memory":
            raise MemoryError("too much")
        if wish == "refuse":
            raise PredictionException("not like this", 513)
        if wish == "status":
            context.set_response_status(418, "teapot", index)
            context.set_response_header(index, "X-Own", "yes")
            context.set_response_content_type(index, "text/x-own")
        if wish == "bytes":
            return bytes([0, 255])
        if wish == "text":
            return "plain"
        headers = {name.lower(): value for name, value in context.get_all_request_header(index).items()}
        shown = {name: headers.get(name) for name in ("explain", "url_path", "x-own", "content-type")}
        return {"row": {name: seen(value) for name, value in row.items()}, "headers": shown}

    def seen(value):
        return [type(value).__name__, bytes(value).decode("latin-1") if isinstance(value, bytearray) else value]
"""

BROKEN = """
    import nothing_of_this_name

    def handle(rows, context):
        return rows
"""


@dataclass(frozen=True)
class Servers:
    """TorchServe first, then ours.

    Attributes:
        urls: where they are asked.
        managers: clients of their management APIs.
    """

    urls: tuple[str, str]
    managers: tuple[httpx.Client, httpx.Client]


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both serve the archive `shows`; the others in their store may be registered."""
    if reason := unavailable():
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    store = tmp_path_factory.mktemp("store")
    shows = archive(store / "shows.mar", SHOWS)
    archive(store / "second.mar", SHOWS, "shows", "2.0")
    archive(store / "configured.mar", SHOWS, minWorkers=1, maxWorkers=2, batchSize=4, responseTimeout=60)
    archive(store / "broken.mar", BROKEN)
    (store / "damaged.mar").write_bytes(b"no archive")
    options = ServerOptions(management=ManagementOptions(0, Token("secret"), store))
    with (
        serving([shows], tmp_path_factory.mktemp("torchserve")) as torchserve,
        running({}, options, archives={"shows": shows}) as server,
        manager(torchserve.management_url) as theirs,
        manager(server.management_url, authorization="Bearer secret") as ours,
    ):
        yield Servers((torchserve.url, server.url), (theirs, ours))


def manager(url: str, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False)
