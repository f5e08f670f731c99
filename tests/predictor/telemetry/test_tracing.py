"""Traces as a collector receives them over OTLP."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.background import in_thread
from tests.predictor.server.running import running
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.telemetry.tracing import ENDPOINT, make_tracer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SECRET = "hunter2"


class Collector(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.bodies: list[bytes] = []

    @property
    def spans(self) -> list[Span]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with in_thread(Collector()) as collector:
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{collector.server_port}")
        yield collector


def test_requests_are_spans_of_their_clients_trace(collector: Collector, tiny_model: LoadedModel) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with running({"tiny": tiny_model}) as server:
        url = f"{server.url}/v1/models/tiny:predict"
        assert httpx.post(url, json={"instances": [SECRET]}, headers=headers).status_code == 200
        assert httpx.post(url, json={"instances": [{"wrong": SECRET, SECRET: 1}]}, headers=headers).status_code == 400
    good, bad = collector.spans
    for span in (good, bad):
        assert span.trace_id.hex() == TRACE
        assert span.parent_span_id.hex() == "00f067aa0ba902b7"
        assert span.name == "v1 tiny"
    assert good.status.code != Status.STATUS_CODE_ERROR
    assert (bad.status.code, bad.status.message) == (Status.STATUS_CODE_ERROR, "InvalidQuestion")
    assert SECRET.encode() not in b"".join(collector.bodies)


def test_without_an_endpoint_nothing_is_imported() -> None:
    program = (
        "import sys\n"
        "from transformermodel_predictor.telemetry.tracing import make_tracer\n"
        "with make_tracer({}).span({}, 'v2', 'tiny'): pass\n"
        "print(*[name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    make_tracer({}).end()
