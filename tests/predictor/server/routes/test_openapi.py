from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import running
from transformermodel_predictor.loading import LoadedModel


@pytest.fixture(scope="module")
def client(tiny_model: LoadedModel) -> Iterator[httpx.Client]:
    with running({"tiny": tiny_model}) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    served: dict[str, Any] = client.get("/openapi.json").json()
    return served


def require(document: dict[str, Any], schema: str, instance: object) -> None:
    """Validate an instance against one of the document's schemas."""
    jsonschema.validate(instance, {"$ref": f"#/components/schemas/{schema}", "components": document["components"]})


def test_every_url_is_described(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    for path in ("/v2/models/{name}/infer", "/v1/models/{name}:predict", "/predictions/{name}", "/metrics"):
        assert path in document["paths"]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation["summary"] for operation in operations)
    identifiers = [operation["operationId"] for operation in operations]
    assert len(set(identifiers)) == len(identifiers)


def test_what_is_sent_and_answered_is_as_described(client: httpx.Client, document: dict[str, Any]) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["good"]}
    infer = {"inputs": [tensor], "outputs": [{"name": "score"}], "parameters": {"top_k": 2}}
    predict = {"instances": ["good", {"text": "bad"}]}
    require(document, "InferenceRequest", infer)
    require(document, "PredictRequest", predict)
    require(document, "InferenceResponse", client.post("/v2/models/tiny/infer", json=infer).json())
    require(document, "PredictResponse", client.post("/v1/models/tiny:predict", json=predict).json())
    require(document, "ModelMetadata", client.get("/v2/models/tiny").json())
    require(document, "Error", client.get("/v2/models/none").json())
    require(document, "TorchServeError", client.post("/predictions/none", content="good").json())
