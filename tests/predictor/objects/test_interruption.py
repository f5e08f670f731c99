"""Services that end their answers early: a server that is restarted, a proxy that waits no longer."""

import asyncio
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.background import in_thread
from tests.object_stores.servers import AZURE_ACCOUNT, AZURE_KEY
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme

_SIZE = 100


class _EndsEarly(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.send_response(206)
        self.send_header("Content-Range", f"bytes 0-{_SIZE - 1}/{_SIZE}")
        self.send_header("Content-Length", str(_SIZE))
        self.send_header("ETag", '"version"')
        self.send_header("Last-Modified", self.date_time_string())
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(bytes(_SIZE // 10))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def interrupted() -> Iterator[str]:
    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), _EndsEarly)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients ask again at once."""
    sleep = asyncio.sleep

    async def at_once(delay: float, result: object = None) -> object:
        return await sleep(0, result)

    monkeypatch.setattr(asyncio, "sleep", at_once)


def environment(scheme: Scheme, url: str) -> Mapping[str, str]:
    """Variables with which a client of a service asks at a url."""
    account = f"DefaultEndpointsProtocol=http;AccountName={AZURE_ACCOUNT};AccountKey={AZURE_KEY};"
    return {
        Scheme.S3: {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"},
        Scheme.GCS: {"STORAGE_EMULATOR_HOST": url},
        Scheme.Azure: {"AZURE_STORAGE_CONNECTION_STRING": f"{account}BlobEndpoint={url}/{AZURE_ACCOUNT};"},
    }[scheme]


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("scheme", Scheme)
def test_an_answer_that_ends_early_is_a_failure_that_may_pass(
    scheme: Scheme, interrupted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(scheme, interrupted).items():
        monkeypatch.setenv(name, value)
    bucket = Bucket(ObjectLocation.parse(f"{scheme}://bucket"))
    for read in (lambda: bucket.read("key"), lambda: bucket.read_range("key", 0, _SIZE)):
        with pytest.raises(
            PreparationFailed, match=f"the storage of {scheme}://bucket/key cannot be reached"
        ) as failed:
            read()
        assert failed.value.reason is FailureReason.Unreachable
