"""Traces as a collector receives them over OTLP."""

import subprocess
import sys
from collections.abc import Iterator

import grpc
import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.background import in_thread
from tests.collector import Collector
from tests.predictor.server.running import running
from tests.predictor.server.test_grpc import Client, infer_members, refused
from tests.predictor.tiny_language import make_language_artifact
from transformermodel_api.tracing import ENDPOINT
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.telemetry.tracing import make_tracer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SECRET = "hunter2"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with in_thread(Collector()) as collector:
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{collector.server_port}")
        yield collector


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> LoadedGenerator:
    model = load_model(make_language_artifact(tmp_path_factory.mktemp("language") / "model"))
    assert isinstance(model, LoadedGenerator)
    return model


def test_requests_are_spans_of_their_clients_trace(collector: Collector, tiny_model: LoadedModel) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with running({"tiny": tiny_model}) as server:
        url = f"{server.url}/v1/models/tiny:predict"
        assert httpx.post(url, json={"instances": [SECRET]}, headers=headers).status_code == 200
        assert httpx.post(url, json={"instances": [{"wrong": SECRET, SECRET: 1}]}, headers=headers).status_code == 400
    good, bad = collector.requests
    for span in (good, bad):
        assert span.trace_id.hex() == TRACE
        assert span.parent_span_id.hex() == "00f067aa0ba902b7"
        assert span.name == "v1 tiny"
    assert good.status.code != Status.STATUS_CODE_ERROR
    assert (bad.status.code, bad.status.message) == (Status.STATUS_CODE_ERROR, "InvalidQuestion")
    assert SECRET.encode() not in b"".join(collector.bodies)


def test_calls_over_grpc_are_spans_of_their_clients_trace_too(collector: Collector, tiny_model: LoadedModel) -> None:
    with running({"tiny": tiny_model}, ServerOptions(grpc_port=0)) as server:
        client = Client(server.grpc_address, (("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"),))
        with client.channel:
            client("ModelInfer", **infer_members(SECRET))
            refused(client, "ModelInfer", grpc.StatusCode.INVALID_ARGUMENT, model_name="tiny")
    good, bad = collector.requests
    assert {span.trace_id.hex() for span in (good, bad)} == {TRACE}
    assert [span.name for span in (good, bad)] == ["grpc tiny"] * 2
    assert works(collector.phases_of(good)) == ["tokenize", "forward", "decode"]
    assert (bad.status.code, bad.status.message) == (Status.STATUS_CODE_ERROR, "InvalidRequest")
    assert SECRET.encode() not in b"".join(collector.bodies)


def test_a_request_that_names_no_model_is_a_span_that_failed(collector: Collector, tiny_model: LoadedModel) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with running({"tiny": tiny_model}) as server:
        httpx.post(f"{server.url}/openai/v1/completions", content=SECRET, headers=headers)
    (span,) = collector.requests
    assert (span.trace_id.hex(), span.name) == (TRACE, "openai")
    assert (span.status.code, span.status.message) == (Status.STATUS_CODE_ERROR, "InvalidRequest")


def test_phases_of_the_work_are_spans_within_the_request(collector: Collector, tiny_model: LoadedModel) -> None:
    with running({"tiny": tiny_model}) as server:
        instances = [f"text number {number}" for number in range(3)]
        httpx.post(f"{server.url}/v1/models/tiny:predict", json={"instances": instances}).raise_for_status()
    (request,) = collector.requests
    phases = collector.phases_of(request)
    assert works(phases) == ["tokenize", "forward", "decode"]
    assert phases[0].name == "queue"
    assert_within(request, phases)


@pytest.mark.parametrize("stream", [False, True])
def test_phases_of_a_generated_text_are_its_prompt_and_what_follows(
    stream: bool, collector: Collector, generator: LoadedGenerator
) -> None:
    said = {"model": "writer", "prompt": "the fox", "max_tokens": 5, "min_tokens": 5, "stream": stream}
    with running({"writer": generator}) as server:
        httpx.post(f"{server.url}/openai/v1/completions", json=said).raise_for_status()
    (request,) = collector.requests
    phases = collector.phases_of(request)
    assert works(phases) == ["tokenize", "forward", "decode"]
    assert_within(request, phases)


def test_a_client_that_wants_no_trace_gets_none(collector: Collector, tiny_model: LoadedModel) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-00"}
    with running({"tiny": tiny_model}) as server:
        url = f"{server.url}/v1/models/tiny:predict"
        httpx.post(url, json={"instances": ["a"]}, headers=headers).raise_for_status()
    assert collector.spans == []


def works(phases: list[Span]) -> list[str]:
    return [span.name for span in phases if span.name != "queue"]


def assert_within(request: Span, phases: list[Span]) -> None:
    """One after another, and all together no longer than the request."""
    times = [time for span in phases for time in (span.start_time_unix_nano, span.end_time_unix_nano)]
    assert times == sorted(times)
    assert times[-1] - times[0] < request.end_time_unix_nano - request.start_time_unix_nano


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
