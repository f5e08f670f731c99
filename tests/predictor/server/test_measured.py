"""What the server tells of its requests: each is counted once, and nothing of what clients write is kept."""

import logging
from collections.abc import Iterator

import grpc
import httpx
import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import RunningServer, running
from tests.predictor.server.test_grpc import Client, infer_members, refused
from tests.predictor.tiny_language import make_language_artifact
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.protocols.messages import SERVICE
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

SECRET = "hunter2"
TOKEN = "correct-horse"
TEXT_LIMIT = 1_000
TENSOR = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["good", SECRET]}
GENERATE = {"text_input": f"the {SECRET}", "parameters": {"max_tokens": 3, "min_tokens": 3}}
COMPLETE = {"model": "writer", "prompt": f"the {SECRET}", "max_tokens": 3, "extra_body": {"min_tokens": 3}}


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> LoadedGenerator:
    model = load_model(make_language_artifact(tmp_path_factory.mktemp("language") / "model"))
    assert isinstance(model, LoadedGenerator)
    return model


@pytest.fixture
def server(tiny_model: LoadedModel, generator: LoadedGenerator) -> Iterator[RunningServer]:
    options = ServerOptions(grpc_port=0, metrics_port=0, token=Token(TOKEN), max_text_bytes=TEXT_LIMIT, access_log=True)
    with running({"tiny": tiny_model, "writer": generator}, options) as server:
        yield server


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=PATIENCE_SECONDS) as client:
        yield client


def measured(server: RunningServer) -> dict[tuple[str, ...], float]:
    """The samples of the server's own metrics, by their names and the values of their labels, when nobody waits."""
    while True:
        text = httpx.get(server.metrics_url, timeout=PATIENCE_SECONDS).text
        samples = {
            (sample.name.removeprefix("transformermodel_"), *(sample.labels[name] for name in sorted(sample.labels))): (
                sample.value
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith("transformermodel_") and "le" not in sample.labels
        }
        if not any(value for key, value in samples.items() if key[0].endswith("in_flight")):
            return samples


def test_every_request_is_counted_once_with_what_became_of_it(server: RunningServer, client: httpx.Client) -> None:
    ask_over_http(client)
    ask_over_grpc(server)
    tokens = 3 * (2 + ask_as_openais_client(server))

    samples = measured(server)

    assert {key[1:]: value for key, value in samples.items() if key[0] == "requests_total"} == {
        ("tiny", "v1", "200"): 2,
        ("tiny", "v1", "413"): 1,
        ("tiny", "v2", "200"): 3,
        ("tiny", "v2", "400"): 2,
        ("writer", "v2", "200"): 2,
        ("", "v2", "404"): 2,
        ("tiny", "torchserve", "200"): 2,
        ("", "torchserve", "404"): 1,
        ("", "torchserve", "400"): 1,
        ("tiny", "grpc", "200"): 2,
        ("tiny", "grpc", "400"): 1,
        ("", "grpc", "404"): 1,
        ("", "grpc", "400"): 1,
        ("writer", "openai", "200"): 3,
        ("writer", "openai", "400"): 1,
        ("tiny", "openai", "400"): 1,
        ("", "openai", "404"): 1,
        ("", "openai", "400"): 2,
    }
    timed = {
        key[1:]: samples.get(("handler_time_seconds_count", *key[1:]), 0)
        + samples.get(("explanation_time_seconds_count", *key[1:]), 0)
        for key in samples
        if key[0] == "requests_total"
    }
    assert timed == {key[1:]: value for key, value in samples.items() if key[0] == "requests_total"}
    explained = {key[1:]: value for key, value in samples.items() if key[0] == "explanation_time_seconds_count"}
    assert explained == {("tiny", "v1", "200"): 1, ("tiny", "v2", "200"): 1}
    assert samples["explanation_steps_count", "saliency", "tiny"] == 2
    assert samples["generated_tokens_total", "writer"] == tokens
    assert samples["phase_time_seconds_count", "writer", "tokenize"] == tokens / 3, "each prompt of each choice"


def ask_over_http(client: httpx.Client) -> None:
    """Well and badly; two texts are generated."""
    saliency = {"method": "saliency"}
    client.post("/v1/models/tiny:predict", json={"instances": [SECRET]})
    client.post("/v1/models/tiny:explain", json={"instances": [SECRET], "parameters": saliency})
    client.post("/v1/models/tiny:predict", json={"instances": [SECRET * TEXT_LIMIT]})
    client.post("/v2/models/tiny/infer", json={"inputs": [TENSOR]})
    client.post("/v2/models/tiny/infer", json={"inputs": [TENSOR], "parameters": {"binary_data_output": True}})
    tensor = TENSOR | {"shape": [1], "data": [SECRET]}
    client.post("/v2/models/tiny/infer", json={"inputs": [tensor], "parameters": {"explain": True, **saliency}})
    client.post("/v2/models/tiny/infer", content=f'{{"inputs": [{SECRET}')
    client.post("/v2/models/tiny/infer", json={"inputs": [TENSOR], "parameters": {"colour": SECRET}})
    client.post(f"/v2/models/{SECRET}/infer", json={})
    client.post(f"/v2/models/{SECRET}/versions/{SECRET}/generate", json={})
    client.post("/v2/models/writer/generate", json=GENERATE)
    client.post("/v2/models/writer/generate_stream", json=GENERATE)
    client.post("/predictions/tiny", content=SECRET)
    client.post("/invocations?model_name=tiny", content=SECRET)
    client.post(f"/predictions/{SECRET}", content=SECRET)
    client.post("/invocations", content=SECRET)


def ask_over_grpc(server: RunningServer) -> None:
    asking = Client(server.grpc_address, (("authorization", f"Bearer {TOKEN}"),))
    with asking.channel as channel:
        asking("ModelInfer", **infer_members(SECRET))
        asking("ModelInfer", **infer_members(SECRET, raw=True))
        refused(asking, "ModelInfer", grpc.StatusCode.INVALID_ARGUMENT, model_name="tiny")
        refused(asking, "ModelInfer", grpc.StatusCode.NOT_FOUND, model_name=SECRET)
        asking("ModelMetadata", name="tiny")
        with pytest.raises(grpc.RpcError):
            channel.unary_unary(f"/{SERVICE}/ModelInfer")(SECRET.encode(), metadata=asking.metadata)


def ask_as_openais_client(server: RunningServer) -> int:
    """How many texts were generated."""
    base = f"{server.url}/openai/v1"
    with openai.OpenAI(base_url=base, api_key=TOKEN, max_retries=0, timeout=PATIENCE_SECONDS) as client:
        client.completions.create(**COMPLETE)
        client.completions.create(**COMPLETE, n=2)
        list(client.completions.create(**COMPLETE, stream=True))
        for wrong in ({"top_p": SECRET}, {"model": "tiny"}, {"model": SECRET}, {"prompt": 7}, {"model": None}):
            with pytest.raises(openai.APIStatusError):
                client.completions.create(**{**COMPLETE, **wrong})
    return 4


def test_steps_are_counted_with_their_texts_and_tokens(
    server: RunningServer, client: httpx.Client, tiny_model: LoadedModel
) -> None:
    texts = ["good", "i hate this movie", SECRET]
    client.post("/v1/models/tiny:predict", json={"instances": texts}).raise_for_status()

    samples = measured(server)

    tokens = sum(len(tiny_model.tokenizer(text)["input_ids"]) for text in texts)
    assert samples["batch_tokens_sum", "tiny"] == tokens
    assert samples["batch_rows_sum", "tiny"] == samples["queue_time_seconds_count", "tiny"] == len(texts)
    assert samples["batch_padding_ratio_count", "tiny"] == samples["batch_rows_count", "tiny"]
    phases = {phase: samples["phase_time_seconds_sum", "tiny", phase] for phase in ("tokenize", "forward", "decode")}
    assert all(phases.values())
    assert sum(phases.values()) < samples["handler_time_seconds_sum", "tiny", "v1", "200"]


def test_what_clients_write_is_neither_measured_nor_logged(
    server: RunningServer, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, "transformermodel.access")  # a server that another test served may have quieted it
    ask_over_http(client)
    ask_over_grpc(server)
    ask_as_openais_client(server)
    for path in ("/v1/models/tiny:predict", "/openai/v1/completions", "/predictions/tiny"):
        assert (
            httpx.post(server.url + path, content=SECRET, auth=(SECRET, TOKEN), timeout=PATIENCE_SECONDS).status_code
            == 401
        )
    client.post("/v1/models/tiny:predict", headers={"x-request-id": "one\ttwo"}, json={"instances": [SECRET]})
    assert client.get("/v2/models/a%0aOK%1b[2K").status_code == 404

    exposition = httpx.get(server.metrics_url, timeout=PATIENCE_SECONDS).text

    assert SECRET not in exposition
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith(OTHERS)]
    assert len(lines) > 30
    assert any("GET /v2/models/a\\nOK\\x1b[2K 404" in line for line in lines)
    assert all(line.isprintable() for line in lines)
    assert TOKEN not in "".join(lines)
    assert SECRET not in "".join(line for line in lines if not line.startswith(INVENTED))


OTHERS = ("httpx", "openai", "uvicorn.access")
"""Logs of the clients, and one that is switched off, to which pytest listens nevertheless."""

INVENTED = (f"POST /v2/models/{SECRET}/", f"POST /predictions/{SECRET} ")
"""Lines of requests whose clients made the word a part of the address."""
