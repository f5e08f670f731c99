"""V2's generate extension, over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.generation.gated import GatedDecoder, behind
from tests.predictor.server.running import running
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.protocols.errors import ServerEnds
from transformermodel_predictor.server.options import ServerOptions

WRITER = "/v2/models/writer"


@pytest.fixture(scope="module")
def client(generator: LoadedGenerator, tiny_model: LoadedModel) -> Iterator[httpx.Client]:
    with (
        running({"writer": generator, "classifier": tiny_model}) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """The data of server-sent events, each one JSON object."""
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.text.endswith("\n\n")
    lines = response.text.removesuffix("\n\n").split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_a_prompt_is_continued(client: httpx.Client, generator: LoadedGenerator) -> None:
    (expected,) = generator.answer([{"text": "the fox"}], {"max_new_tokens": 7})

    answer = client.post(
        f"{WRITER}/generate", json={"id": "7", "text_input": "the fox", "parameters": {"max_new_tokens": 7}}
    ).json()

    assert answer == {
        "id": "7",
        "model_name": "writer",
        "model_version": generator.artifact.manifest.digest[:12],
        "text_output": expected["generated_text"],
        "finish_reason": expected["finish_reason"],
        "prompt_tokens": expected["prompt_tokens"],
        "generated_tokens": expected["generated_tokens"],
    }


@pytest.mark.parametrize("full", [False, True])
def test_pieces_together_are_the_whole(full: bool, client: httpx.Client) -> None:
    body = {"text_input": "Größe", "parameters": {"max_tokens": 12, "return_full_text": full}}
    whole = client.post(f"{WRITER}/generate", json=body).json()

    pieces = events(client.post(f"{WRITER}/generate_stream", json=body))

    assert "".join(piece["text_output"] for piece in pieces) == whole["text_output"]
    assert {(piece["model_name"], piece["model_version"]) for piece in pieces} == {("writer", whole["model_version"])}
    assert pieces[-1] | {"text_output": ""} == whole | {"text_output": ""}
    assert all("finish_reason" not in piece for piece in pieces[:-1])
    assert len(pieces) > 1


def test_parameters_may_stand_beside_the_text(client: httpx.Client) -> None:
    among = client.post(f"{WRITER}/generate", json={"text_input": "the", "parameters": {"max_tokens": 3}})
    beside = client.post(f"{WRITER}/generate", json={"text_input": "the", "max_tokens": 3, "stream": False})

    assert beside.status_code == 200
    assert beside.json() == among.json()


def test_a_version_may_be_named(client: httpx.Client) -> None:
    (version,) = client.get(WRITER).json()["versions"]
    body = {"text_input": "the", "max_tokens": 2}

    assert client.post(f"{WRITER}/versions/{version}/generate", json=body).status_code == 200
    assert len(events(client.post(f"{WRITER}/versions/{version}/generate_stream", json=body))) > 0
    assert client.post(f"{WRITER}/versions/7/generate", json=body).status_code == 404


def test_a_prompt_that_was_cut_says_so(client: httpx.Client) -> None:
    body = {"text_input": "fox " * 80, "max_tokens": 3}

    whole = client.post(f"{WRITER}/generate", json=body).json()

    assert whole["truncated_tokens"] > 0
    assert events(client.post(f"{WRITER}/generate_stream", json=body))[-1]["truncated_tokens"] > 0


@pytest.mark.parametrize("url", ["generate", "generate_stream"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "the body must be an object with text_input"),
        ({}, "text_input must be a string"),
        ({"text_input": ["a"]}, "text_input must be a string"),
        ({"text_input": "a", "id": 3}, "id must be a string"),
        ({"text_input": "a", "parameters": 3}, "parameters must be an object"),
        ({"text_input": "a", "parameters": {"seed": 1}, "seed": 1}, "seed is there twice"),
        ({"text_input": "a", "colour": "red"}, "colour"),
        ({"text_input": "a", "max_tokens": 0}, "max_tokens must be a whole number from 1"),
        ({"text_input": "a", "stream": "yes"}, "stream must be true or false"),
        ({"text_input": "a", "max_tokens": 3, "max_new_tokens": 4}, "max_tokens and max_new_tokens say the same"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused(url: str, body: object, words: str, client: httpx.Client) -> None:
    response = client.post(f"{WRITER}/{url}", json=body)

    assert response.status_code == 400
    assert words in response.json()["error"]


def test_pieces_are_not_had_from_the_url_for_the_whole(client: httpx.Client) -> None:
    response = client.post(f"{WRITER}/generate", json={"text_input": "a", "stream": True})

    assert (response.status_code, response.json()) == (
        400,
        {"error": "stream is true, but pieces come from generate_stream"},
    )


@pytest.mark.parametrize("url", ["generate", "generate_stream"])
def test_only_models_that_generate_are_asked(url: str, client: httpx.Client) -> None:
    other = client.post(f"/v2/models/classifier/{url}", json={"text_input": "a"})
    unknown = client.post(f"/v2/models/none/{url}", json={"text_input": "a"})

    assert other.status_code == 400
    assert other.json() == {"error": "model 'classifier' does not generate text: its task is SequenceClassification"}
    assert unknown.status_code == 404


def test_bodies_are_as_the_openapi_document_describes_them(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    body = {"text_input": "the", "parameters": {"max_tokens": 3}}

    for schema, instance in (
        ("GenerateRequest", body),
        ("GenerateResponse", client.post(f"{WRITER}/generate", json=body).json()),
        ("GenerateResponse", events(client.post(f"{WRITER}/generate_stream", json=body))[0]),
    ):
        reference = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
        jsonschema.validate(instance, reference)


def test_a_fault_in_the_middle_of_a_stream_is_its_last_event(
    generator: LoadedGenerator, gated: GatedDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running({"writer": behind(gated, generator)}) as server:
        gated.permit(2)
        body = {"text_input": "once upon", "max_tokens": 20}
        with httpx.stream(
            "POST", f"{server.url}{WRITER}/generate_stream", json=body, timeout=PATIENCE_SECONDS
        ) as response:
            assert response.status_code == 200
            monkeypatch.setattr(gated, "step", lambda _: 1 / 0)
            gated.permit(1)
            response.read()

        assert events(response)[-1] == {"error": "the server failed to answer; its log says why"}


def test_a_stream_that_outlasts_the_server_ends_with_the_reason(
    generator: LoadedGenerator, gated: GatedDecoder
) -> None:
    with running({"writer": behind(gated, generator)}, ServerOptions(finish_seconds=0)) as server:
        gated.permit(2)
        body = {"text_input": "once upon", "max_tokens": 20}
        with httpx.stream(
            "POST", f"{server.url}{WRITER}/generate_stream", json=body, timeout=PATIENCE_SECONDS
        ) as response:
            server.drain()
            response.read()
        gated.permit(20)

    assert events(response)[-1] == {"error": str(ServerEnds())}
