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
from tests.predictor.gated import PATIENCE_SECONDS, GatedEngine
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
        assert (
            httpx.post(url, json={"instances": [SECRET]}, headers=headers, timeout=PATIENCE_SECONDS).status_code == 200
        )
        assert (
            httpx.post(
                url, json={"instances": [{"wrong": SECRET, SECRET: 1}]}, headers=headers, timeout=PATIENCE_SECONDS
            ).status_code
            == 400
        )
    good, bad = collector.requests
    for span in (good, bad):
        assert span.trace_id.hex() == TRACE
        assert span.parent_span_id.hex() == "00f067aa0ba902b7"
        assert span.name == "v1 tiny"
    assert ended(good) == (Status.STATUS_CODE_UNSET, {"http.response.status_code": 200})
    assert ended(bad) == (
        Status.STATUS_CODE_UNSET,
        {"http.response.status_code": 400, "transformermodel.refusal": "InvalidQuestion"},
    )
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
    assert ended(good) == (Status.STATUS_CODE_UNSET, {"rpc.response.status_code": "OK"})
    assert ended(bad) == (
        Status.STATUS_CODE_UNSET,
        {"rpc.response.status_code": "INVALID_ARGUMENT", "transformermodel.refusal": "InvalidRequest"},
    )
    assert SECRET.encode() not in b"".join(collector.bodies)


def test_a_body_that_is_too_large_is_a_span_with_its_status(collector: Collector, tiny_model: LoadedModel) -> None:
    with running({"tiny": tiny_model}, ServerOptions(max_body_bytes=10)) as server:
        for path in ("/v1/models/tiny:predict", "/v2/models/tiny/infer", "/predictions/tiny", "/openai/v1/completions"):
            assert httpx.post(f"{server.url}{path}", content=b" " * 11, timeout=PATIENCE_SECONDS).status_code == 413
    assert [span.name for span in collector.requests] == ["v1 tiny", "v2 tiny", "torchserve tiny", "openai"]
    for span in collector.requests:
        assert ended(span) == (
            Status.STATUS_CODE_UNSET,
            {"http.response.status_code": 413, "transformermodel.refusal": "BodyTooLarge"},
        )


def test_a_message_that_is_too_large_is_one_too_though_grpc_itself_refuses_it(
    collector: Collector, tiny_model: LoadedModel
) -> None:
    with running({"tiny": tiny_model}, ServerOptions(grpc_port=0, max_body_bytes=100)) as server:
        client = Client(server.grpc_address, (("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"),))
        with client.channel:
            refused(client, "ModelInfer", grpc.StatusCode.RESOURCE_EXHAUSTED, **infer_members("x" * 100))
    (span,) = collector.requests
    assert (span.name, span.trace_id.hex()) == ("grpc", TRACE)
    assert ended(span) == (
        Status.STATUS_CODE_UNSET,
        {"rpc.response.status_code": "RESOURCE_EXHAUSTED", "transformermodel.refusal": "MessageNotReceived"},
    )


def test_only_what_is_the_servers_fault_is_an_error(
    collector: Collector, gated_model: LoadedModel, gated_engine: GatedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gated_engine, "run", lambda *_: 1 / 0)
    with running({"tiny": gated_model}, ServerOptions(grpc_port=0)) as server:
        httpx.post(f"{server.url}/v1/models/tiny:predict", json={"instances": ["a"]}, timeout=PATIENCE_SECONDS)
        client = Client(server.grpc_address)
        with client.channel:
            refused(client, "ModelInfer", grpc.StatusCode.INTERNAL, **infer_members("a"))
    over_http, over_grpc = (ended(span) for span in collector.requests)
    fault = {"error.type": "ZeroDivisionError"}
    assert over_http == (Status.STATUS_CODE_ERROR, {"http.response.status_code": 500, **fault})
    assert over_grpc == (Status.STATUS_CODE_ERROR, {"rpc.response.status_code": "INTERNAL", **fault})


def test_a_request_that_names_no_model_is_a_span_that_was_refused(
    collector: Collector, tiny_model: LoadedModel
) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with running({"tiny": tiny_model}) as server:
        httpx.post(f"{server.url}/openai/v1/completions", content=SECRET, headers=headers, timeout=PATIENCE_SECONDS)
    (span,) = collector.requests
    assert (span.trace_id.hex(), span.name) == (TRACE, "openai")
    assert ended(span)[1] == {"http.response.status_code": 400, "transformermodel.refusal": "InvalidRequest"}


def test_phases_of_the_work_are_spans_within_the_request(collector: Collector, tiny_model: LoadedModel) -> None:
    with running({"tiny": tiny_model}) as server:
        instances = [f"text number {number}" for number in range(3)]
        httpx.post(
            f"{server.url}/v1/models/tiny:predict", json={"instances": instances}, timeout=PATIENCE_SECONDS
        ).raise_for_status()
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
        httpx.post(f"{server.url}/openai/v1/completions", json=said, timeout=PATIENCE_SECONDS).raise_for_status()
    (request,) = collector.requests
    phases = collector.phases_of(request)
    assert works(phases) == ["tokenize", "forward", "decode"]
    assert_within(request, phases)


def test_a_client_that_wants_no_trace_gets_none(collector: Collector, tiny_model: LoadedModel) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-00"}
    with running({"tiny": tiny_model}) as server:
        url = f"{server.url}/v1/models/tiny:predict"
        httpx.post(url, json={"instances": ["a"]}, headers=headers, timeout=PATIENCE_SECONDS).raise_for_status()
    assert collector.spans == []


def ended(span: Span) -> tuple[int, dict[str, int | str]]:
    """Its status, and what is said of how it ended."""
    told = {
        attribute.key: attribute.value.int_value or attribute.value.string_value
        for attribute in span.attributes
        if attribute.key not in ("transformermodel.protocol", "transformermodel.model")
    }
    return span.status.code, told


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
        "with make_tracer({}).span({}, 'v2', 'tiny', None): pass\n"
        "print(*[name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    make_tracer({}).end()
