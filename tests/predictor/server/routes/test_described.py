"""The OpenAPI documents against their servers: every URL is asked well and badly, and answers as is written there."""

import gzip
import json
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import RunningServer, running
from tests.predictor.tiny_language import make_language_artifact
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.server.management.options import ManagementOptions
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

Document = Mapping[str, Any]

TOKEN = "correct-horse"
BODY_LIMIT = 2_000
TEXT_LIMIT = 1_000
TENSOR = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}
SAID = {"role": "user", "content": "the fox"}
ASKED: tuple[dict[str, Any], ...] = (
    {"instances": ["good", {"text": "bad"}]},
    {"inputs": [TENSOR], "outputs": [{"name": "label"}]},
    {"inputs": [TENSOR], "id": "42", "parameters": {"binary_data_output": True}},
    {"inputs": [TENSOR], "parameters": {"timeout": 1}},
    {"text_input": "the fox", "parameters": {"max_tokens": 2}},
    {"prompt": "the fox", "max_tokens": 2, "logprobs": 2},
    {"prompt": "the fox", "max_tokens": 2, "stream": True, "stream_options": {"include_usage": True}},
    {"messages": [SAID], "max_tokens": 2, "logprobs": True, "top_logprobs": 1},
    {"messages": [SAID], "max_tokens": 2, "stream": True},
    {"ready": True},
    {"parameters": {"config": "{}"}},
    {},
)
"""Each is right somewhere, and wrong everywhere else."""

MALFORMED = (b"{", b"[]", b"\xff", b"[" * 1500, b" " * (BODY_LIMIT + 1), b'{"instances": ["' + b"a" * 1500 + b'"]}')


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> LoadedGenerator:
    model = load_model(make_language_artifact(tmp_path_factory.mktemp("language") / "model"))
    assert isinstance(model, LoadedGenerator)
    return model


@pytest.fixture
def server(tiny_model: LoadedModel, writer: LoadedGenerator, tmp_path: Path) -> Iterator[RunningServer]:
    """One for each test: what is asked of the management API takes its models away."""
    options = ServerOptions(
        max_body_bytes=BODY_LIMIT,
        max_text_bytes=TEXT_LIMIT,
        playground=True,
        management=ManagementOptions(0, Token(TOKEN), tmp_path),
    )
    with running({"tiny": tiny_model, "writer": writer}, options) as server:
        yield server


def asked_of(operation: Document, model: str) -> list[tuple[bytes, dict[str, str]]]:
    """Bodies with their headers."""
    if "requestBody" not in operation:
        return [(b"", {})]
    zipped = gzip.compress(b"{}"), {"content-encoding": "gzip"}
    asked = [json.dumps({"model": model, **body} if {"prompt", "messages"} & set(body) else body) for body in ASKED]
    as_json = {"content-type": "application/json"}
    return [zipped, (b"", {}), *((body.encode(), as_json) for body in asked), *((bad, as_json) for bad in MALFORMED)]


def require_as_described(document: Document, operation: Document, response: httpx.Response) -> None:
    """Its status, its media type, and, of JSON and events, each of its members."""
    where = f"{response.request.method} {response.url} {response.request.content[:80]!r}: {response.text[:300]}"
    assert str(response.status_code) in operation["responses"], where
    content = operation["responses"][str(response.status_code)]["content"]
    media = response.headers["content-type"].partition(";")[0]
    assert media in content, where
    if "schema" not in content[media]:
        return
    schema = {**content[media]["schema"], "components": strict(document["components"])}
    events = response.text.removesuffix("data: [DONE]\n\n").split("\n\n") if media == "text/event-stream" else None
    bodies = [response.text] if events is None else [event.removeprefix("data: ") for event in events if event]
    for body in bodies:
        jsonschema.validate(json.loads(body), schema)


def strict(schema: Any) -> Any:
    """The same where members that are not described are refused."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and schema.get("type") == "object" else {}
    return closed | {name: strict(value) for name, value in schema.items()}


@pytest.mark.parametrize("model", ["tiny", "writer"])
def test_every_answer_of_the_server_is_as_described(server: RunningServer, model: str) -> None:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        document = client.get("/openapi.json").json()
        (version,) = client.get(f"/v2/models/{model}").json()["versions"]
        for path in document["paths"]:
            ask(client, document, path, {"name": model, "version": version, "path": "on"})
            if path.endswith("/unload"):
                client.post(f"/v2/repository/models/{model}/load")


def test_models_and_versions_that_there_are_not_are_answered_as_described(server: RunningServer) -> None:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        document = client.get("/openapi.json").json()
        for path, name in product(document["paths"], ("tiny", "none")):
            if "{version}" in path if name == "tiny" else "{name}" in path:
                ask(client, document, path, {"name": name, "version": "7", "path": ""}, bodies=3)


@pytest.mark.parametrize("model", ["none", "tiny"])
def test_every_answer_of_the_management_api_is_as_described(server: RunningServer, model: str) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.management_url, headers=headers, timeout=PATIENCE_SECONDS) as client:
        document = client.options("/").json()
        for path, version in product(document["paths"], ("7", "all")):
            ask(client, document, path, {"name": model, "version": version}, bodies=3)


def ask(
    client: httpx.Client, document: Document, path: str, names: Mapping[str, str], bodies: int | None = None
) -> None:
    url = path.format(**names)
    for method, operation in document["paths"][path].items():
        asked = asked_of(operation, names["name"])
        for body, headers in asked[:bodies] if method == "post" else asked[:3]:
            response = client.request(method.upper(), url, content=body, headers=headers)
            require_as_described(document, operation, response)
            assert response.status_code != 500, response.text
