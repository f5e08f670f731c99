"""KServe's own client against our server, and our model in KServe's own server."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy
import pytest

from tests.ports import free_port
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.expected import answers_by_name
from tests.predictor.server.handler_archive import archive
from tests.predictor.server.running import RunningServer, running
from tests.predictor.tiny import LABELS, MAX_LENGTH
from tests.predictor.tiny_language import make_language_artifact
from transformermodel_api.errors import UserError
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.server.options import ServerOptions

pytestmark = pytest.mark.slow

kserve = pytest.importorskip("kserve")
TEXTS = ["good", "i hate this movie", "bad " * 5]


@pytest.fixture(scope="module")
def running_server(tiny_model: LoadedModel) -> Iterator[RunningServer]:
    with running({"tiny": tiny_model}, ServerOptions(grpc_port=0)) as server:
        yield server


@pytest.fixture(scope="module")
def our_server(running_server: RunningServer) -> str:
    return running_server.url


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return make_language_artifact(tmp_path_factory.mktemp("language") / "model")


@pytest.fixture(scope="module")
def stock_server(tiny_artifact: Artifact, language: Artifact) -> Iterator[str]:
    port = free_port()
    models = [f"tiny={tiny_artifact.path}", f"writer={language.path}"]
    program = [sys.executable, "-m", "tests.predictor.server.stock_server", str(port), *models]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(timeout=PATIENCE_SECONDS) as client:
        while True:
            assert process.poll() is None, process.communicate()[1]
            try:
                client.get(f"{url}/v2/health/live")
                break
            except httpx.ConnectError:
                time.sleep(0.1)  # it imports for seconds, and asking without a pause would take half of its processor
    yield url
    process.kill()
    process.communicate()


@pytest.fixture(params=["our_server", "stock_server"])
def url(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture
def expected(tiny_model: LoadedModel) -> dict[str, Any]:
    return answers_by_name(tiny_model, TEXTS)


def infer_request(texts: list[str], **more: Any) -> Any:
    tensor = kserve.InferInput("input-0", [len(texts)], "BYTES", texts)
    return kserve.InferRequest("tiny", [tensor], request_id="42", **more)


async def test_the_sdks_client_predicts_over_v1(url: str, expected: dict[str, Any]) -> None:
    async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v1", timeout=PATIENCE_SECONDS)) as client:
        response = await client.infer(url, {"instances": TEXTS}, model_name="tiny")
        predictions = response["predictions"]
        assert {name: [row[name] for row in predictions] for name in ("label", "score")} == expected
        assert await client.is_server_live(url)
        assert await client.is_model_ready(url, "tiny")


async def test_the_sdks_client_infers_over_v2(url: str, expected: dict[str, Any]) -> None:
    async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2", timeout=PATIENCE_SECONDS)) as client:
        response = await client.infer(url, infer_request(TEXTS), model_name="tiny")
        assert response.id == "42"
        assert {output.name: list(output.data) for output in response.outputs} == expected
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, "tiny")


async def test_parameters_and_requested_outputs_of_the_sdk(url: str) -> None:
    asked = infer_request(
        TEXTS, parameters={"top_k": 2}, request_outputs=[kserve.protocol.infer_type.RequestedOutput("probabilities")]
    )
    async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2", timeout=PATIENCE_SECONDS)) as client:
        response = await client.infer(url, asked, model_name="tiny")
    (output,) = response.outputs
    assert (output.name, output.shape) == ("probabilities", [len(TEXTS), len(LABELS)])


async def test_the_sdks_grpc_client_infers(running_server: RunningServer, expected: dict[str, Any]) -> None:
    async with kserve.InferenceGRPCClient(running_server.grpc_address, timeout=PATIENCE_SECONDS) as client:
        for raw in (False, True):
            asked = infer_request(TEXTS, parameters={"probabilities": False})
            if raw:
                asked.inputs[0].set_data_from_numpy(numpy.array([text.encode() for text in TEXTS], dtype=object))
            response = await client.infer(asked)
            assert response.id == "42"
            by_name = {output.name: output.as_numpy().ravel().tolist() for output in response.outputs}
            labels = [label.decode() if isinstance(label, bytes) else label for label in by_name["label"]]
            assert {"label": labels, "score": by_name["score"]} == expected
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("tiny")


async def test_the_sdks_client_sends_and_receives_bytes(our_server: str, expected: dict[str, Any]) -> None:
    tensor = kserve.InferInput("text", [len(TEXTS)], "BYTES")
    tensor.set_data_from_numpy(numpy.array([text.encode() for text in TEXTS], dtype=object), binary_data=True)
    asked = kserve.InferRequest("tiny", [tensor], parameters={"binary_data_output": True})
    async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2", timeout=PATIENCE_SECONDS)) as client:
        response = await client.infer(our_server, asked, model_name="tiny")
    answered = {output.name: list(output.data) for output in response.outputs}
    assert answered == expected


def test_a_body_with_a_charset_and_an_empty_shape(url: str) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    response = httpx.post(
        f"{url}/v1/models/tiny:predict", content=b'{"instances": ["good"]}', headers=headers, timeout=PATIENCE_SECONDS
    )
    assert response.status_code == 200
    tensor = {"name": "text", "shape": [], "datatype": "BYTES", "data": ["good " * 20]}
    response = httpx.post(f"{url}/v2/models/tiny/infer", json={"inputs": [tensor]}, timeout=PATIENCE_SECONDS)
    assert response.json()["parameters"] == {"truncated_tokens": 22 - MAX_LENGTH, "truncated_rows": "0"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/models/tiny:predict", {"instances": [3]}),
        ("/v1/models/tiny:predict", {"instances": [{"txt": "good"}]}),
        ("/v2/models/tiny/infer", {"inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a"]}]}),
        ("/v2/models/tiny/infer", {"inputs": [{"name": "text", "shape": [1], "datatype": "INT64", "data": [1]}]}),
    ],
)
def test_bad_requests_are_400_in_the_protocols_form(url: str, path: str, body: dict[str, Any]) -> None:
    response = httpx.post(f"{url}{path}", json=body, timeout=PATIENCE_SECONDS)
    assert response.status_code == 400
    assert set(response.json()) == {"error"}


def test_binary_tensors_are_read_in_kserves_server(stock_server: str) -> None:
    """KServe's frame decodes them before the model sees them."""
    tensor = kserve.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(numpy.array(["größer".encode()], dtype=object), binary_data=True)
    body, length = kserve.InferRequest("tiny", [tensor]).to_rest()
    headers = {"inference-header-content-length": str(length), "content-type": "application/octet-stream"}
    response = httpx.post(
        f"{stock_server}/v2/models/tiny/infer", content=body, headers=headers, timeout=PATIENCE_SECONDS
    )
    assert response.status_code == 200, response.text


def test_metadata_in_kserves_server_names_inputs_and_outputs(stock_server: str) -> None:
    metadata = httpx.get(f"{stock_server}/v2/models/tiny", timeout=PATIENCE_SECONDS).json()
    assert [spec["name"] for spec in metadata["inputs"]] == ["text", "text_pair"]
    assert [spec["name"] for spec in metadata["outputs"]] == ["label", "score", "probabilities", "explanation"]


def test_answers_are_explained_in_kserves_server_too(stock_server: str) -> None:
    body = {"instances": ["i love this movie"], "parameters": {"method": "feature_ablation"}}
    (row,) = (
        httpx.post(f"{stock_server}/v1/models/tiny:explain", json=body, timeout=PATIENCE_SECONDS)
        .raise_for_status()
        .json()["explanations"]
    )
    assert [word["text"] for word in row["explanations"][0]["words"]] == ["i", "love", "this", "movie"]


@pytest.mark.parametrize("method", ["integrated_gradients", "lime"])
@pytest.mark.parametrize("model", ["tiny", "writer"])
def test_every_explain_url_of_kserves_server_says_what_ours_says(
    stock_server: str, tiny_model: LoadedModel, language: Artifact, model: str, method: str
) -> None:
    parameters = {"method": method, "samples": 8, "max_steps": 8}
    if model == "writer":
        parameters["max_new_tokens"] = 2
    asked = {
        "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["i love this"]}],
        "parameters": parameters | {"explain": True},
    }
    v1 = {"instances": ["i love this"], "parameters": parameters}
    with running({model: tiny_model if model == "tiny" else load_model(language)}) as ours:
        expected, *told = [
            [token["importance"] for token in explanation["tokens"]]
            for explanation in (
                explained_v1(ours.url, model, v1),
                explained_v1(stock_server, model, v1),
                explained_v2(stock_server, model, asked),
            )
        ]
    assert any(expected)
    assert told == [pytest.approx(expected, abs=1e-3)] * 2


def test_methods_stand_side_by_side_in_kserves_server_too(stock_server: str) -> None:
    methods = ["saliency", "feature_ablation"]
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["i love this"]}
    of_v1 = post(
        stock_server, "v1/models/tiny:explain", {"instances": ["i love this"], "parameters": {"methods": methods}}
    )
    of_v2 = post(
        stock_server,
        "v2/models/tiny/infer",
        {"inputs": [tensor], "parameters": {"explain": True, "methods": ",".join(methods)}},
    )
    (row,) = of_v1["explanations"]
    (written,) = [json.loads(output["data"][0]) for output in of_v2["outputs"] if output["name"] == "explanation"]
    for explained in (row, written):
        assert [explanation["method"] for explanation in explained["explanations"]] == methods


def explained_v1(url: str, model: str, body: dict[str, Any]) -> Any:
    return post(url, f"v1/models/{model}:explain", body)["explanations"][0]["explanations"][0]


def explained_v2(url: str, model: str, body: dict[str, Any]) -> Any:
    outputs = post(url, f"v2/models/{model}/infer", body)["outputs"]
    (row,) = [output["data"][0] for output in outputs if output["name"] == "explanation"]
    return json.loads(row)["explanations"][0]


def post(url: str, path: str, body: dict[str, Any]) -> Any:
    response = httpx.post(f"{url}/{path}", json=body, timeout=PATIENCE_SECONDS)
    assert response.status_code == 200, response.text
    return response.json()


def test_what_cannot_be_explained_is_the_clients_mistake_in_kserves_server_too(stock_server: str) -> None:
    for parameters, reason in (({"method": "gradcam"}, "method must be one of"), ({"target": "nobody"}, "not there")):
        body = {"instances": ["i love this"], "parameters": parameters}
        response = httpx.post(f"{stock_server}/v1/models/tiny:explain", json=body, timeout=PATIENCE_SECONDS)
        assert response.status_code == 400
        assert reason in response.json()["error"]


def test_a_model_that_generates_writes_the_same_in_kserves_server(stock_server: str, language: Artifact) -> None:
    prompts, parameters = ["the quick", "once upon"], {"max_new_tokens": 4}
    model = load_model(language)
    assert isinstance(model, LoadedGenerator)
    with running({"writer": model}) as ours:
        tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": prompts}
        bodies = {
            "/v1/models/writer:predict": {"instances": prompts, "parameters": parameters},
            "/v2/models/writer/infer": {"inputs": [tensor], "parameters": parameters},
        }
        for path, body in bodies.items():
            theirs, expected = (
                httpx.post(f"{url}{path}", json=body, timeout=PATIENCE_SECONDS) for url in (stock_server, ours.url)
            )
            assert theirs.status_code == 200, theirs.text
            assert written(theirs.json()) == written(expected.json())


def written(answered: dict[str, Any]) -> object:
    """The predictions of V1, or V2's elements by the names of their outputs."""
    return answered.get("predictions") or {output["name"]: output["data"] for output in answered["outputs"]}


def test_an_archive_is_for_our_own_server(tmp_path: Path) -> None:
    from transformermodel_predictor.server.kserve_adapter import KServeModel

    path = archive(tmp_path / "shouts.mar", "def handle(rows, context):\n    return rows\n")
    with pytest.raises(UserError, match=r"shouts\.mar is an archive with a handler: serve it with `transformermodel"):
        KServeModel("shouts", path).load()
