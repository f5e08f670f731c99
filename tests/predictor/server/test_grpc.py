"""V2 over gRPC, as any client of the protocol sees it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.predictor.access_log import AccessLog
from tests.predictor.gated import PATIENCE_SECONDS, GatedEngine
from tests.predictor.server.running import RunningServer, running
from tests.predictor.tiny import LABELS, MAX_LENGTH
from transformermodel_api.predictor import Batching
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.protocols.datatypes import pack, unpack
from transformermodel_predictor.protocols.messages import (
    SERVICE,
    RepositoryIndexRequest,
    RepositoryIndexResponse,
    messages,
)
from transformermodel_predictor.server.grpc.call import deadline_has_passed
from transformermodel_predictor.server.options import ServerOptions

TEXTS = ["good", "i hate this movie"]
MESSAGE_LIMIT = 10_000
TEXT_LIMIT = 1_000
MOST_ROWS = 32


class Client:
    """Calls one method after another, by its name."""

    def __init__(self, address: str, metadata: tuple[tuple[str, str], ...] = ()) -> None:
        self.channel = grpc.insecure_channel(address)
        self.metadata = metadata

    def __call__(self, method: str, seconds: float = PATIENCE_SECONDS, **members: Any) -> Any:
        return self.begin(method, seconds, **members).result()

    def begin(self, method: str, seconds: float = PATIENCE_SECONDS, **members: Any) -> grpc.Future:
        """Call it and go on."""
        request, response = (
            (RepositoryIndexRequest, RepositoryIndexResponse)
            if method == "RepositoryIndex"
            else (getattr(messages, f"{method}Request"), getattr(messages, f"{method}Response"))
        )
        call = self.channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        return call.future(request(**members), timeout=seconds, metadata=self.metadata)


def infer_members(*texts: str, raw: bool = False, **more: Any) -> dict[str, Any]:
    tensor = messages.ModelInferRequest.InferInputTensor(name="text", datatype="BYTES", shape=[len(texts)])
    if not raw:
        tensor.contents.bytes_contents.extend(text.encode() for text in texts)
    contents = [pack("BYTES", texts)] if raw else []
    return {"model_name": "tiny", "inputs": [tensor], "raw_input_contents": contents, **more}


def refused(client: Client, method: str, code: grpc.StatusCode, **members: Any) -> str:
    """The one line of a refusal."""
    with pytest.raises(grpc.RpcError) as refusal:
        client(method, **members)
    assert refusal.value.code() is code
    details: str = refusal.value.details()
    assert "\n" not in details
    return details


@pytest.fixture(scope="module")
def server(tiny_model: LoadedModel) -> Iterator[RunningServer]:
    options = ServerOptions(grpc_port=0, max_body_bytes=MESSAGE_LIMIT, max_text_bytes=TEXT_LIMIT, max_rows=MOST_ROWS)
    with running({"tiny": tiny_model}, options) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[Client]:
    client = Client(server.grpc_address)
    yield client
    client.channel.close()


@pytest.fixture
def gated_client(gated_model: LoadedModel, gated_engine: GatedEngine) -> Iterator[Client]:
    with running({"tiny": gated_model}, ServerOptions(grpc_port=0), Batching(max_queue_size=2)) as server:
        client = Client(server.grpc_address)
        try:
            yield client
        finally:
            gated_engine.open()
            client.channel.close()


class TestServer:
    def test_it_is_live_and_ready(self, client: Client) -> None:
        assert client("ServerLive").live
        assert client("ServerReady").ready
        assert client("ModelReady", name="tiny").ready
        assert client("ServerMetadata").name == "transformermodel"

    def test_a_model_that_there_is_not(self, client: Client) -> None:
        assert "'none'" in refused(client, "ModelReady", grpc.StatusCode.NOT_FOUND, name="none")
        assert "'none'" in refused(client, "ModelMetadata", grpc.StatusCode.NOT_FOUND, name="none")

    def test_only_the_version_that_is_there_answers(self, client: Client) -> None:
        (version,) = client("ModelMetadata", name="tiny").versions
        assert client("ModelMetadata", name="tiny", version=version).name == "tiny"
        assert client("ModelInfer", **infer_members("good", model_version=version)).model_version == version
        assert version in refused(client, "ModelMetadata", grpc.StatusCode.NOT_FOUND, name="tiny", version="7")
        assert "'7'" in refused(
            client, "ModelInfer", grpc.StatusCode.NOT_FOUND, **infer_members("good", model_version="7")
        )

    def test_its_messages_are_limited_and_those_over_the_limit_are_counted_and_in_the_log(
        self, tiny_model: LoadedModel, access_log: AccessLog
    ) -> None:
        members = infer_members("x" * MESSAGE_LIMIT)
        with running({"tiny": tiny_model}, ServerOptions(grpc_port=0, max_body_bytes=MESSAGE_LIMIT)) as server:
            client = Client(server.grpc_address)
            with client.channel:
                told = refused(client, "ModelInfer", grpc.StatusCode.RESOURCE_EXHAUSTED, **members)
        assert str(MESSAGE_LIMIT) in told
        access_log.wait_for("gRPC ModelInfer RESOURCE_EXHAUSTED ")
        assert server.counted("grpc") == {"413": 1}

    def test_a_call_without_a_message_is_answered_with_what_is_missing(self, client: Client) -> None:
        with pytest.raises(grpc.RpcError) as refusal:
            client.channel.stream_unary(f"/{SERVICE}/ModelInfer")(iter(()), timeout=PATIENCE_SECONDS)
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "no message came" in refusal.value.details()

    def test_a_client_whose_time_passes_before_its_message_has_come_is_gone(
        self, client: Client, access_log: AccessLog
    ) -> None:
        assert client("ServerLive").live, "what it takes to connect is no part of the time"
        ends = threading.Event()
        with pytest.raises(grpc.RpcError) as refusal:
            client.channel.stream_unary(f"/{SERVICE}/ModelInfer")(_nothing_until(ends), timeout=0.5)
        ends.set()
        assert refusal.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        access_log.wait_for("gRPC ModelInfer CANCELLED ")

    @pytest.mark.parametrize(
        ("given", "remaining", "passed"),
        [
            (0.5, 0.0, True),
            (0.5, 0.004, True),
            (20.0, 1.9, True),
            (0.02, 0.015, True),
            (0.0, 0.0, True),
            (0.5, 0.3, False),
            (None, None, False),
        ],
    )
    def test_a_clients_time_has_passed_by_its_own_clock(
        self, given: float | None, remaining: float | None, passed: bool
    ) -> None:
        assert deadline_has_passed(given, remaining) is passed

    def test_health_is_what_probes_ask(self, client: Client) -> None:
        health = health_pb2_grpc.HealthStub(client.channel)
        for service in ("", SERVICE, "tiny"):
            assert (
                health.Check(health_pb2.HealthCheckRequest(service=service)).status
                == health_pb2.HealthCheckResponse.SERVING
            )
        with pytest.raises(grpc.RpcError) as refusal:
            health.Check(health_pb2.HealthCheckRequest(service="none"))
        assert refusal.value.code() is grpc.StatusCode.NOT_FOUND

    def test_reflection_names_the_services(self, client: Client) -> None:
        stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
        (answer,) = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        named = {service.name for service in answer.list_services_response.service}
        assert named == {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


class TestInfer:
    def test_typed_contents_are_answered_with_typed_contents(self, client: Client, tiny_model: LoadedModel) -> None:
        answered = client("ModelInfer", **infer_members(*TEXTS, id="42"))
        expected = tiny_model.answer([{"text": text} for text in TEXTS])
        label, score = answered.outputs
        assert (answered.id, answered.model_name) == ("42", "tiny")
        assert not answered.raw_output_contents
        assert (label.name, label.datatype, list(label.shape)) == ("label", "BYTES", [2])
        assert [element.decode() for element in label.contents.bytes_contents] == [row["label"] for row in expected]
        assert list(score.contents.fp32_contents) == pytest.approx([row["score"] for row in expected], abs=1e-5)

    def test_raw_contents_are_answered_with_raw_contents(self, client: Client, tiny_model: LoadedModel) -> None:
        answered = client("ModelInfer", **infer_members(*TEXTS, raw=True))
        expected = tiny_model.answer([{"text": text} for text in TEXTS])
        labels, scores = answered.raw_output_contents
        assert [element.decode() for element in unpack("label", "BYTES", 2, labels)] == [
            row["label"] for row in expected
        ]
        assert unpack("score", "FP32", 2, scores) == pytest.approx([row["score"] for row in expected], abs=1e-5)

    def test_metadata_is_true(self, client: Client) -> None:
        """Send what the metadata says, and receive what it says."""
        metadata = client("ModelMetadata", name="tiny")
        inputs = []
        for spec in metadata.inputs:
            assert (spec.datatype, list(spec.shape)) == ("BYTES", [-1])
            tensor = messages.ModelInferRequest.InferInputTensor(name=spec.name, datatype=spec.datatype, shape=[1])
            tensor.contents.bytes_contents.append(b"good")
            inputs.append(tensor)
        outputs = [messages.ModelInferRequest.InferRequestedOutputTensor(name=spec.name) for spec in metadata.outputs]
        answered = client("ModelInfer", model_name="tiny", inputs=inputs, outputs=outputs)
        for spec, output in zip(metadata.outputs, answered.outputs, strict=True):
            assert (output.name, output.datatype) == (spec.name, spec.datatype)
            assert list(output.shape) == [1 if size == -1 else size for size in spec.shape]

    def test_parameters_and_what_was_truncated(self, client: Client) -> None:
        parameters = {"top_k": messages.InferParameter(int64_param=2)}
        answered = client("ModelInfer", **infer_members("good " * 20, parameters=parameters))
        assert [list(output.shape) for output in answered.outputs] == [[1, 2], [1, 2]]
        assert answered.parameters["truncated_tokens"].int64_param == 22 - MAX_LENGTH
        assert answered.parameters["truncated_rows"].string_param == "0"

    @pytest.mark.parametrize(
        ("members", "problem"),
        [
            ({"model_name": "tiny"}, "at least one tensor"),
            (infer_members("good", raw_input_contents=[b"", b""]), "2 raw_input_contents"),
            (infer_members("good", raw_input_contents=[b"\1\0\0\0a"]), "contents beside raw_input_contents"),
            (infer_members("good", raw=True) | {"raw_input_contents": [b"\5\0\0\0a"]}, "ends within element 0"),
            (infer_members("good", parameters={"top_k": messages.InferParameter(int64_param=9)}), "top_k"),
            (infer_members("good", parameters={"top_k": messages.InferParameter()}), "send floats as strings"),
            (
                infer_members("good", outputs=[messages.ModelInferRequest.InferRequestedOutputTensor(name="logits")]),
                "'logits' is not known",
            ),
        ],
    )
    def test_what_cannot_be_read_is_an_invalid_argument(
        self, client: Client, members: dict[str, Any], problem: str
    ) -> None:
        assert problem in refused(client, "ModelInfer", grpc.StatusCode.INVALID_ARGUMENT, **members)

    def test_bytes_that_are_no_message_are_an_invalid_argument(self, client: Client) -> None:
        with pytest.raises(grpc.RpcError) as refusal:
            client.channel.unary_unary(f"/{SERVICE}/ModelInfer")(b"\xff" * 9, timeout=PATIENCE_SECONDS)
        assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert refusal.value.details() == "the message is no inference.ModelInferRequest"

    def test_a_text_over_the_limit(self, client: Client) -> None:
        members = infer_members("x" * (TEXT_LIMIT + 1))
        assert str(TEXT_LIMIT) in refused(client, "ModelInfer", grpc.StatusCode.RESOURCE_EXHAUSTED, **members)

    @pytest.mark.parametrize("raw", [True, False])
    def test_more_rows_than_the_limit(self, client: Client, raw: bool) -> None:
        members = infer_members(*["good"] * (MOST_ROWS + 1), raw=raw)
        assert "--max-rows" in refused(client, "ModelInfer", grpc.StatusCode.RESOURCE_EXHAUSTED, **members)


class TestRepository:
    def test_a_model_is_unloaded_and_loaded_again(self, client: Client) -> None:
        assert client("RepositoryModelUnload", model_name="tiny").isUnloaded
        assert not client("ModelReady", name="tiny").ready
        assert "unloaded" in refused(client, "ModelInfer", grpc.StatusCode.UNAVAILABLE, **infer_members("good"))
        assert not client("RepositoryIndex", ready=True).models
        assert client("RepositoryModelLoad", model_name="tiny").isLoaded
        (entry,) = client("RepositoryIndex").models
        assert (entry.name, entry.state) == ("tiny", "READY")
        assert client("ModelInfer", **infer_members("good")).model_version == entry.version

    def test_a_model_that_is_not_known(self, client: Client) -> None:
        for method in ("RepositoryModelLoad", "RepositoryModelUnload"):
            assert "'none'" in refused(client, method, grpc.StatusCode.NOT_FOUND, model_name="none")


class TestWhileTheEngineIsBusy:
    def test_more_than_can_wait_is_refused(self, gated_client: Client, gated_engine: GatedEngine) -> None:
        with ThreadPoolExecutor() as clients:
            waiting = clients.submit(gated_client, "ModelInfer", **infer_members("good", "bad"))
            gated_engine.wait_until_busy()
            assert gated_client("ServerLive").live
            refused(gated_client, "ModelInfer", grpc.StatusCode.RESOURCE_EXHAUSTED, **infer_members("movie"))
            gated_engine.open()
            assert len(waiting.result().outputs) == 2

    def test_a_deadline_ends_the_call_and_costs_no_step(
        self, gated_client: Client, gated_engine: GatedEngine, access_log: AccessLog
    ) -> None:
        with ThreadPoolExecutor() as clients:
            waiting = clients.submit(gated_client, "ModelInfer", **infer_members("good"))
            gated_engine.wait_until_busy()
            refused(gated_client, "ModelInfer", grpc.StatusCode.DEADLINE_EXCEEDED, seconds=0.1, **infer_members("bad"))
            access_log.wait_for("gRPC ModelInfer CANCELLED ")  # the client knows of its deadline before the server does
            gated_engine.open()
            assert waiting.result().model_name == "tiny"
        assert len(gated_engine.steps) == 1

    def test_a_timeout_among_the_parameters_is_a_deadline_too(
        self, gated_client: Client, gated_engine: GatedEngine
    ) -> None:
        parameters = {"timeout": messages.InferParameter(int64_param=1000)}
        members = infer_members("bad", parameters=parameters)
        assert "timeout" in refused(gated_client, "ModelInfer", grpc.StatusCode.DEADLINE_EXCEEDED, **members)

    def test_a_client_that_goes_is_counted_as_such(
        self, gated_client: Client, gated_engine: GatedEngine, access_log: AccessLog
    ) -> None:
        going = gated_client.begin("ModelInfer", **infer_members("bad"))
        gated_engine.wait_until_busy()
        going.cancel()
        access_log.wait_for("gRPC ModelInfer CANCELLED ")


def test_the_access_log_has_methods_and_codes_and_no_word_of_the_text(client: Client, access_log: AccessLog) -> None:
    secret = "hunter2"
    client("ModelInfer", **infer_members(secret))
    refused(client, "ModelInfer", grpc.StatusCode.NOT_FOUND, **infer_members(secret) | {"model_name": "none"})
    refused(client, "ModelInfer", grpc.StatusCode.INVALID_ARGUMENT, **infer_members(secret, outputs=[_output("x")]))

    for line in ("gRPC ModelInfer OK ", "gRPC ModelInfer NOT_FOUND ", "gRPC ModelInfer INVALID_ARGUMENT "):
        access_log.wait_for(line)
    assert secret not in "".join(access_log.lines)


def _nothing_until(ends: threading.Event) -> Iterator[bytes]:
    ends.wait(PATIENCE_SECONDS)
    yield from ()


def _output(name: str) -> Any:
    return messages.ModelInferRequest.InferRequestedOutputTensor(name=name)


def test_health_is_told_to_those_who_watch(gated_model: LoadedModel, gated_engine: GatedEngine) -> None:
    statuses = health_pb2.HealthCheckResponse
    with running({"tiny": gated_model}, ServerOptions(grpc_port=0, drain_seconds=3600.0)) as server:
        client = Client(server.grpc_address)
        watched = health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest(service="tiny"))
        assert next(watched).status == statuses.SERVING
        server.drain()
        assert next(watched).status == statuses.NOT_SERVING
        server.end()
        assert list(watched) == [], "a server that ends waits for nobody who only watches"
        client.channel.close()


def test_a_server_that_ends_finishes_calls_in_flight_and_refuses_new_ones(
    gated_model: LoadedModel, gated_engine: GatedEngine
) -> None:
    with running({"tiny": gated_model}, ServerOptions(grpc_port=0)) as server, ThreadPoolExecutor() as clients:
        client = Client(server.grpc_address)
        in_flight = clients.submit(client, "ModelInfer", **infer_members("good"))
        gated_engine.wait_until_busy()
        server.drain()
        server.wait_until_refusing()
        refused(client, "ServerLive", grpc.StatusCode.UNAVAILABLE)
        assert not in_flight.done()
        gated_engine.open()
        assert in_flight.result().model_name == "tiny"
        server.wait_until_ended()
        client.channel.close()


def test_a_client_that_goes_and_a_server_that_ends_are_counted_apart(
    gated_model: LoadedModel, gated_engine: GatedEngine, access_log: AccessLog
) -> None:
    options = ServerOptions(grpc_port=0, finish_seconds=0)
    with running({"tiny": gated_model}, options) as server, ThreadPoolExecutor() as clients:
        client = Client(server.grpc_address)
        going = client.begin("ModelInfer", **infer_members("bad"))
        gated_engine.wait_until_busy()
        going.cancel()
        access_log.wait_for("gRPC ModelInfer CANCELLED ")
        in_flight = clients.submit(refused, client, "ModelInfer", grpc.StatusCode.UNAVAILABLE, **infer_members("good"))
        gated_engine.release()
        gated_engine.wait_until_busy()
        server.drain()
        in_flight.result()
        access_log.wait_for("gRPC ModelInfer UNAVAILABLE ")
        gated_engine.open()
        server.wait_until_ended()
        assert server.counted("grpc") == {"499": 1, "503": 1}
        client.channel.close()


def test_labels_over_grpc_are_the_models(client: Client) -> None:
    (output,) = client(
        "ModelInfer",
        **infer_members("good", outputs=[messages.ModelInferRequest.InferRequestedOutputTensor(name="label")]),
    ).outputs
    assert output.contents.bytes_contents[0].decode() in LABELS
