"""The servers as processes of this machine, each over a folder of its own."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from socket import create_connection

from tests.object_stores.install import AZURITE, FAKE_GCS_SERVER, VERSITYGW
from tests.ports import free_port
from transformermodel_predictor.objects.location import Scheme

LOOPBACK = "127.0.0.1"
_START_SECONDS = 240
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
        port: where it listens.
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
def serving(scheme: Scheme, folder: Path, host: str = LOOPBACK) -> Iterator[ObjectServer]:
    """Run the server of a service over a folder, on an address of the network in which this is called."""
    folder.mkdir(parents=True, exist_ok=True)
    with _STARTERS[scheme](folder, host) as server:
        yield server


@contextmanager
def _versitygw(folder: Path, host: str) -> Iterator[ObjectServer]:
    port = free_port(host)
    command = [VERSITYGW, "--port", f"{host}:{port}", "--quiet", "posix", folder]
    secrets = {"ROOT_ACCESS_KEY": _ACCESS_KEY, "ROOT_SECRET_KEY": _SECRET_KEY}
    with _process(command, (host, port), folder.with_suffix(".log"), secrets):
        environment = {
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        }
        yield ObjectServer(Scheme.S3, port, environment, lambda name: (folder / name).mkdir())


@contextmanager
def _fake_gcs_server(folder: Path, host: str) -> Iterator[ObjectServer]:
    port = free_port(host)
    url = f"http://{host}:{port}"
    command = [FAKE_GCS_SERVER, "-scheme=http", f"-host={host}", f"-port={port}", f"-public-host={host}:{port}"]
    with _process(
        [*command, f"-external-url={url}", f"-filesystem-root={folder}", "-log-level=error"],
        (host, port),
        folder.with_suffix(".log"),
    ):
        yield ObjectServer(Scheme.GCS, port, {"STORAGE_EMULATOR_HOST": url}, lambda name: (folder / name).mkdir())


@contextmanager
def _azurite(folder: Path, host: str) -> Iterator[ObjectServer]:
    port = free_port(host)
    command = ["node", AZURITE, "--blobHost", host, "--blobPort", port, "--location", folder]
    options = ("--silent", "--skipApiVersionCheck", "--disableTelemetry")
    with _process([*command, *options], (host, port), folder.with_suffix(".log")):
        connection = azure_connection(port, AZURE_KEY, host)
        yield ObjectServer(
            Scheme.Azure,
            port,
            {"AZURE_STORAGE_CONNECTION_STRING": connection},
            lambda name: _make_container(connection, name),
        )


def azure_connection(port: int, key: str, host: str = LOOPBACK) -> str:
    """A connection string, as Azure's portal shows them."""
    endpoint = f"http://{host}:{port}/{AZURE_ACCOUNT}"
    return f"DefaultEndpointsProtocol=http;AccountName={AZURE_ACCOUNT};AccountKey={key};BlobEndpoint={endpoint};"


def _make_container(connection: str, name: str) -> None:
    from azure.storage.blob import BlobServiceClient

    with closing(BlobServiceClient.from_connection_string(connection)) as client:
        client.create_container(name)


_STARTERS = {Scheme.S3: _versitygw, Scheme.GCS: _fake_gcs_server, Scheme.Azure: _azurite}


@contextmanager
def _process(
    command: Sequence[object], address: tuple[str, int], log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server from when it accepts connections until the end of the block."""
    environment = {name: value for name, value in os.environ.items() if not VARIABLE.fullmatch(name)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*map(str, command)], env={**environment, **(variables or {})}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _await_listener(process, address, log)
        yield
    finally:
        process.kill()
        process.wait()


def _await_listener(process: "subprocess.Popen[bytes]", address: tuple[str, int], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            create_connection(address).close()
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{process.args!r} does not listen:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.02)
        else:
            return
