"""Triton's clients, unchanged, against our server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio

from tests.predictor.server.expected import answers_by_name
from tests.predictor.server.running import RunningServer, running
from tests.predictor.tiny import LABELS
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.server.options import ServerOptions

TEXTS = ["good", "i hate this movie", "größer 😀"]


@pytest.fixture(scope="module")
def server(tiny_model: LoadedModel) -> Iterator[RunningServer]:
    with running({"tiny": tiny_model}, ServerOptions(grpc_port=0)) as server:
        yield server


@pytest.fixture
def client(server: RunningServer) -> Iterator[Any]:
    with triton.InferenceServerClient(server.url.removeprefix("http://")) as client:
        yield client


@pytest.fixture
def expected(tiny_model: LoadedModel) -> dict[str, Any]:
    return answers_by_name(tiny_model, TEXTS)


def text_tensor(texts: list[str], *, binary: bool) -> Any:
    tensor = triton.InferInput("text", [len(texts)], "BYTES")
    tensor.set_data_from_numpy(numpy.array([text.encode() for text in texts], dtype=object), binary_data=binary)
    return tensor


def texts_of(array: Any) -> list[str]:
    return [element.decode() if isinstance(element, bytes) else element for element in array.tolist()]


@pytest.mark.parametrize("binary_input", [True, False])
@pytest.mark.parametrize("binary_output", [True, False])
def test_tensors_as_bytes_and_as_json(
    client: Any, expected: dict[str, Any], binary_input: bool, binary_output: bool
) -> None:
    answered = client.infer(
        "tiny",
        [text_tensor(TEXTS, binary=binary_input)],
        outputs=[triton.InferRequestedOutput(name, binary_data=binary_output) for name in ("score", "label")],
        request_id="42",
    )
    assert answered.get_response()["id"] == "42"
    assert [output["name"] for output in answered.get_response()["outputs"]] == ["score", "label"]
    assert texts_of(answered.as_numpy("label")) == expected["label"]
    assert answered.as_numpy("score").dtype == numpy.float32
    assert answered.as_numpy("score").tolist() == expected["score"]


def test_all_outputs_as_bytes_without_naming_them(client: Any, expected: dict[str, Any]) -> None:
    answered = client.infer("tiny", [text_tensor(TEXTS, binary=True)])
    assert texts_of(answered.as_numpy("label")) == expected["label"]
    assert all("binary_data_size" in output["parameters"] for output in answered.get_response()["outputs"])


def test_two_dimensions_and_parameters(client: Any) -> None:
    outputs = [triton.InferRequestedOutput("probabilities")]
    answered = client.infer("tiny", [text_tensor(TEXTS, binary=True)], outputs=outputs, parameters={"top_k": 2})
    assert answered.as_numpy("probabilities").shape == (len(TEXTS), len(LABELS))


def test_metadata_versions_and_health(client: Any) -> None:
    metadata = client.get_model_metadata("tiny")
    (version,) = metadata["versions"]
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("tiny", version)
    assert not client.is_model_ready("tiny", "7")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.infer("tiny", [text_tensor(TEXTS, binary=True)], model_version=version).as_numpy("label").size


def test_models_are_unloaded_loaded_and_listed(client: Any) -> None:
    client.unload_model("tiny")
    assert not client.is_model_ready("tiny")
    assert client.is_server_ready(), "nobody misses a model that was unloaded"
    (entry,) = client.get_model_repository_index()
    assert (entry["name"], entry["state"]) == ("tiny", "UNAVAILABLE")
    client.load_model("tiny")
    assert client.is_model_ready("tiny")
    with pytest.raises(triton.InferenceServerException, match="'none'"):
        client.load_model("none")
    with pytest.raises(triton.InferenceServerException, match="a model is loaded as it was prepared"):
        client.load_model("tiny", config="{}")


def test_an_output_as_a_classification_is_refused_in_words(client: Any) -> None:
    asked = [triton.InferRequestedOutput("score", class_count=2)]
    with pytest.raises(triton.InferenceServerException, match="the model's parameter top_k asks for the likeliest"):
        client.infer("tiny", [text_tensor(TEXTS, binary=True)], outputs=asked)


async def test_the_asynchronous_clients(server: RunningServer, client: Any, expected: dict[str, Any]) -> None:
    tensors = [text_tensor(TEXTS, binary=True)]
    async with triton_aio.InferenceServerClient(server.url.removeprefix("http://")) as other:
        answers = [await other.infer("tiny", tensors), client.async_infer("tiny", tensors).get_result()]
    for answered in answers:
        assert texts_of(answered.as_numpy("label")) == expected["label"]


@pytest.mark.slow
def test_tritons_grpc_client(server: RunningServer, expected: dict[str, Any]) -> None:
    program = [sys.executable, "-m", "tests.predictor.server.triton_grpc_client", server.grpc_address, "tiny", *TEXTS]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "live": True,
        "ready": True,
        "unloaded": False,
        "index": ["tiny"],
        "inputs": ["text", "text_pair"],
        "id": "42",
        "refused": [
            "a model is loaded as it was prepared: parameters with a configuration or files are not read",
            "parameter 'classification' of output 'label' is not supported: the model's parameter top_k asks for the "
            "likeliest labels",
        ],
        "asynchronous": expected["label"],
        **expected,
    }
