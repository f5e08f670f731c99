"""TorchServe's inference URLs for models that run handlers of our own, in real workers."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.handler_archive import archive
from tests.predictor.server.running import running
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

SHOWS = """
import json
import time

from ts.handler_utils.utils import send_intermediate_predict_response
from ts.service import PredictionException


def shown(value):
    return {"bytes": bytes(value).decode("latin-1")} if isinstance(value, (bytes, bytearray)) else value


def handle(rows, context):
    if rows is None:
        return None
    return [ANSWERS.get(row.get("do", b"").decode(), seen)(index, row, context) for index, row in enumerate(rows)]


def seen(index, row, context):
    headers = context.get_all_request_header(index)
    told = {name.lower(): headers[name] for name in headers}
    wanted = ("explain", "url_path", "x-own", "authorization")
    return {
        "row": {name: shown(value) for name, value in row.items()},
        "headers": {name: told[name] for name in wanted if name in told},
        "id": context.get_request_id(index),
    }


def status(index, row, context):
    context.set_response_status(418, "teapot", index)
    context.set_response_header(index, "X-Own", "yes")
    context.set_response_content_type(index, "text/x-own")
    return "short and stout"


def fail(index, row, context):
    raise ValueError("cannot do this")


def no_memory(index, row, context):
    raise MemoryError("too much")


def refuse(index, row, context):
    raise PredictionException("not like this", 400)


def stream(index, row, context):
    for piece in ("one ", "two "):
        send_intermediate_predict_response([piece], context.request_ids, "piece", 200, context)
    return "three"


def measure(index, row, context):
    context.metrics.add_counter("Oddities", 3, None)
    return "measured"


def endless(index, row, context):
    for _ in range(600):
        send_intermediate_predict_response(["x"], context.request_ids, "piece", 200, context)
        time.sleep(0.1)
    return "end"


def empty(index, row, context):
    context.set_response_status(204, "No Content", index)
    return "nobody reads this"


def odd(index, row, context):
    context.set_response_status(99, "odd", index)
    return "x"


ANSWERS = {
    "empty": empty, "odd": odd,
    "status": status, "fail": fail, "no_memory": no_memory, "refuse": refuse,
    "stream": stream, "measure": measure, "endless": endless,
    "text": lambda *_: "plain", "bytes": lambda *_: bytes([0, 255]), "list": lambda *_: [1, 2],
}
"""
"""What comes back is what reached the handler, unless the part `do` wants something else."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    shows = archive(tmp_path_factory.mktemp("archives") / "shows.mar", SHOWS, version="1.0")
    with (
        running({}, ServerOptions(grpc_port=0), archives={"shows": shows}) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


def do(client: httpx.Client, what: str) -> httpx.Response:
    return client.post("/predictions/shows", data={"do": what})


def test_a_body_reaches_the_handler_as_torchserve_hands_it_over(client: httpx.Client) -> None:
    def row(**request: object) -> object:
        return client.post("/predictions/shows", **request).json()["row"]  # type: ignore[arg-type]

    assert row(content=b"raw") == {"body": {"bytes": "raw"}}
    assert row(content="text", headers={"content-type": "text/plain; charset=utf-8"}) == {"body": "text"}
    assert row(json={"a": [1]}) == {"body": {"a": [1]}}
    assert row(content=b"{", headers={"content-type": "application/json"}) == {"body": {"bytes": "{"}}
    assert row(data={"data": "field", "target": "1"}) == {"data": {"bytes": "field"}, "target": {"bytes": "1"}}
    files = {"data": ("a.txt", b"file", "text/plain"), "image": ("a.png", b"\xff", "image/png"), "n": (None, b"1")}
    assert row(files=files) == {"data": "file", "image": {"bytes": "\xff"}, "n": {"bytes": "1"}}


def test_a_field_of_a_form_may_be_as_large_as_the_body(client: httpx.Client) -> None:
    large = "x" * 2_000_000
    assert client.post("/predictions/shows", files={"data": (None, large)}).json()["row"]["data"] == {"bytes": large}


def test_every_method_asks_and_the_path_goes_on(client: httpx.Client) -> None:
    for method in ("GET", "POST", "PUT"):
        assert client.request(method, "/predictions/shows?data=1").json()["row"] == {"body": {"bytes": ""}}
    headers = client.post("/predictions/shows/1.0/a/b", content=b"x", headers={"x-own": "1"}).json()["headers"]
    assert headers == {"explain": "False", "url_path": "a/b", "x-own": "1"}
    assert client.post("/explanations/shows", content=b"x").json()["headers"]["explain"] == "True"
    assert client.post("/explanations/shows/1.0", content=b"x").json()["headers"]["explain"] == "True"


def test_invocations_name_the_model_where_they_like(client: httpx.Client) -> None:
    asked = client.post("/invocations?model_name=shows", content=b"x").json()["row"]
    assert asked == {"model_name": {"bytes": "shows"}, "body": {"bytes": "x"}}
    assert client.post("/invocations", data={"model_name": "shows"}).json()["row"]["model_name"] == {"bytes": "shows"}
    assert client.post("/invocations", content=b"x").json()["row"] == {"body": {"bytes": "x"}}, "there is but one"
    assert client.post("/models/shows/invoke?a=1", content=b"x").json()["row"]["a"] == {"bytes": "1"}
    assert client.post("/invocations?model_name=none", content=b"x").json()["type"] == "ModelNotFoundException"


def test_an_answer_is_sent_as_the_handler_made_it(client: httpx.Client) -> None:
    text, raw, listed = do(client, "text"), do(client, "bytes"), do(client, "list")
    assert (text.content, raw.content, listed.json()) == (b"plain", b"\x00\xff", [1, 2])
    for answer in (text, raw, listed):
        assert "content-type" not in answer.headers
        assert answer.headers["cache-control"] == "no-cache; no-store, must-revalidate, private"
        assert int(answer.headers["content-length"]) == len(answer.content)
    own = do(client, "status")
    assert (own.status_code, own.text) == (418, "short and stout")
    assert (own.headers["x-own"], own.headers["content-type"]) == ("yes", "text/x-own")


def test_a_requests_id_is_the_clients_or_a_new_one(client: httpx.Client) -> None:
    answer = client.post("/predictions/shows", content=b"x", headers={"x-request-id": "mine"})
    assert (answer.headers.get_list("x-request-id"), answer.json()["id"]) == (["mine"], "mine")
    answer = client.post("/predictions/shows", content=b"x")
    assert answer.headers["x-request-id"] == answer.json()["id"]


def test_a_sequence_that_begins_is_given_its_id(client: httpx.Client) -> None:
    begun = client.post("/predictions/shows", content=b"x", headers={"ts_request_sequence_start": "true"})
    given = begun.headers["ts_request_sequence_id"]
    goes_on = client.post("/predictions/shows", content=b"x", headers={"ts_request_sequence_id": given})
    assert goes_on.headers["ts_request_sequence_id"] == given
    assert "ts_request_sequence_id" not in client.post("/predictions/shows", content=b"x").headers


@pytest.mark.parametrize(
    ("what", "status", "kind", "message"),
    [
        ("fail", 503, "InternalServerException", "cannot do this"),
        ("no_memory", 507, "InternalServerException", "memory"),
    ],
)
def test_what_a_handler_does_wrong_is_torchserves_error(
    client: httpx.Client, what: str, status: int, kind: str, message: str
) -> None:
    answer = do(client, what)
    document = answer.json()
    assert (answer.status_code, document["code"], document["type"]) == (status, status, kind)
    assert message in document["message"]
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-cache; no-store, must-revalidate, private"
    assert do(client, "text").text == "plain", "the next is answered"


def test_statuses_keep_to_http(client: httpx.Client) -> None:
    empty = do(client, "empty")
    assert (empty.status_code, empty.content) == (204, b"")
    odd = do(client, "odd")
    assert (odd.status_code, "status 99" in odd.json()["message"]) == (503, True)
    assert do(client, "text").text == "plain"


def test_a_handler_may_refuse(client: httpx.Client) -> None:
    answer = do(client, "refuse")
    assert (answer.status_code, "not like this" in answer.text) == (400, True)


def test_what_is_not_there(client: httpx.Client) -> None:
    missing = client.post("/predictions/none", content=b"x").json()
    assert (missing["code"], missing["type"]) == (404, "ModelNotFoundException")
    other = client.post("/predictions/shows/2.0", content=b"x").json()
    assert (other["code"], other["type"]) == (404, "ModelVersionNotFoundException")


def test_pieces_come_as_they_are_made(client: httpx.Client) -> None:
    with client.stream("POST", "/predictions/shows", data={"do": "stream"}) as response:
        assert response.headers["transfer-encoding"] == "chunked"
        assert b"".join(response.iter_raw()) == b"one two three"


def test_a_client_that_goes_leaves_nothing_behind(client: httpx.Client) -> None:
    with client.stream("POST", "/predictions/shows", data={"do": "endless"}) as response:
        next(response.iter_raw())
    wait_for(client, 'transformermodel_requests_in_flight{model="shows",protocol="torchserve"} 0.0')
    wait_for(client, 'status="499"')


def wait_for(client: httpx.Client, line: str) -> None:
    """Return when the metrics have it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while line not in client.get("/metrics").text:
        assert time.monotonic() < deadline, f"no {line} in {client.get('/metrics').text}"
        time.sleep(0.02)


def test_what_a_handler_measures_is_shown_under_its_own_name(client: httpx.Client) -> None:
    assert do(client, "measure").text == "measured"
    wait_for(client, "Oddities{")
    line = next(line for line in client.get("/metrics").text.splitlines() if line.startswith("Oddities{"))
    assert 'ModelName="shows"' in line
    assert 'model="shows"' in line
    assert line.endswith(" 3.0")


def test_the_statuses_of_handlers_are_counted(client: httpx.Client) -> None:
    do(client, "status")
    assert 'transformermodel_requests_total{model="shows",protocol="torchserve",status="418"}' in (
        client.get("/metrics").text
    )


def test_options_describe_the_models_urls(client: httpx.Client) -> None:
    document = client.options("/predictions/shows").json()
    assert "post" in document["paths"]["/predictions/shows"]
    assert "/predictions/{name}" not in json.dumps(document)
    assert "/predictions/{name}" in client.options("/").json()["paths"]
    assert client.options("/predictions/none").status_code == 404


def test_the_token_is_no_handlers_business(tmp_path: Path) -> None:
    options = ServerOptions(token=Token("secret"))
    with running({}, options, archives={"shows": archive(tmp_path / "shows.mar", SHOWS)}) as server:
        headers = {"authorization": "Bearer secret"}
        answer = httpx.post(f"{server.url}/predictions/shows", headers=headers, timeout=PATIENCE_SECONDS)
        assert "authorization" not in answer.json()["headers"]
