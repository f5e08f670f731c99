"""The servers as processes on loopback, each over a folder of its own."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from socket import create_connection, create_server

from tests.object_stores.install import AZURITE, FAKE_GCS_SERVER, VERSITYGW
from transformermodel_predictor.objects.location import Scheme

_START_SECONDS = 30
_ACCESS_KEY, _SECRET_KEY = "test-access-key", "test-secret-key"
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that Azurite comes with, and its published key."""

VARIABLE = re.compile("(AWS|AZURE|GOOGLE|STORAGE|GCS)_.*")
"""Names of environment variables that decide which storage is asked, and as whom."""


@dataclass(frozen=True)
class ObjectServer:
    """A running server.

    Attributes:
        scheme: the service it stands in for.
        port: where it listens on loopback.
        environment: variables with which clients find it and are let in.
        make_bucket: makes an empty bucket of a name.
    """

    scheme: Scheme
    port: int
    environment: Mapping[str, str]
    make_bucket: Callable[[str], None]

    def bucket(self) -> str:
        """The uri of a new bucket."""
        name = f"bucket-{next(_NUMBERS)}"
        self.make_bucket(name)
        return f"{self.scheme}://{name}"


_NUMBERS = count()


@contextmanager
def serving(scheme: Scheme, folder: Path) -> Iterator[ObjectServer]:
    """Run the server of a service over a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with _STARTERS[scheme](folder) as server:
        yield server


@contextmanager
def _versitygw(folder: Path) -> Iterator[ObjectServer]:
    port = _free_port()
    command = [VERSITYGW, "--port", f"127.0.0.1:{port}", "--quiet", "posix", folder]
    secrets = {"ROOT_ACCESS_KEY": _ACCESS_KEY, "ROOT_SECRET_KEY": _SECRET_KEY}
    with _process(command, port, folder.with_suffix(".log"), secrets):
        environment = {
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }
        yield ObjectServer(Scheme.S3, port, environment, lambda name: (folder / name).mkdir())


@contextmanager
def _fake_gcs_server(folder: Path) -> Iterator[ObjectServer]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [FAKE_GCS_SERVER, "-scheme=http", "-host=127.0.0.1", f"-port={port}", f"-public-host=127.0.0.1:{port}"]
    with _process(
        [*command, f"-external-url={url}", f"-filesystem-root={folder}", "-log-level=error"],
        port,
        folder.with_suffix(".log"),
    ):
        yield ObjectServer(Scheme.GCS, port, {"STORAGE_EMULATOR_HOST": url}, lambda name: (folder / name).mkdir())


@contextmanager
def _azurite(folder: Path) -> Iterator[ObjectServer]:
    port = _free_port()
    command = ["node", AZURITE, "--blobPort", port, "--location", folder]
    options = ("--silent", "--skipApiVersionCheck", "--disableTelemetry")
    with _process([*command, *options], port, folder.with_suffix(".log")):
        connection = azure_connection(port, AZURE_KEY)
        yield ObjectServer(
            Scheme.Azure,
            port,
            {"AZURE_STORAGE_CONNECTION_STRING": connection},
            lambda name: _make_container(connection, name),
        )


def azure_connection(port: int, key: str) -> str:
    """A connection string, as Azure's portal shows them."""
    endpoint = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
    return f"DefaultEndpointsProtocol=http;AccountName={AZURE_ACCOUNT};AccountKey={key};BlobEndpoint={endpoint};"


def _make_container(connection: str, name: str) -> None:
    from azure.storage.blob import BlobServiceClient

    with closing(BlobServiceClient.from_connection_string(connection)) as client:
        client.create_container(name)


_STARTERS = {Scheme.S3: _versitygw, Scheme.GCS: _fake_gcs_server, Scheme.Azure: _azurite}


@contextmanager
def _process(
    command: Sequence[object], port: int, log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server from when it accepts connections until the end of the block."""
    environment = {name: value for name, value in os.environ.items() if not VARIABLE.fullmatch(name)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*map(str, command)], env={**environment, **(variables or {})}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _await_listener(process, port, log)
        yield
    finally:
        process.kill()
        process.wait()


def _await_listener(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{process.args!r} does not listen:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.02)
        else:
            return


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
