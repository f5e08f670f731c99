"""Explanations as pages, by several methods, and the playground: who gets them, and with which policy."""

from collections.abc import Iterator

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.pages.reading import Node, read
from tests.predictor.server.running import RunningServer, running
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

TEXT = "i hate <this> movie"
V1 = {"instances": [TEXT]}
V2 = {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": [TEXT]}]}
FAST = {"methods": "saliency,input_x_gradient"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def server(tiny_model: LoadedModel) -> Iterator[RunningServer]:
    with running({"tiny": tiny_model}) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


def page_of(response: httpx.Response) -> Node:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"].startswith("default-src 'none'; ")
    return read(response.text)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/v1/models/tiny:explain", {"json": V1 | {"parameters": FAST}}),
        ("/v2/models/tiny/explain", {"json": V2 | {"parameters": FAST}}),
        ("/v2/models/tiny/infer", {"json": V2 | {"parameters": FAST | {"explain": True}}}),
        ("/explanations/tiny?methods=saliency,input_x_gradient", {"content": TEXT}),
    ],
)
def test_every_explain_url_has_a_page_with_the_methods_side_by_side(
    client: httpx.Client, url: str, body: dict[str, object]
) -> None:
    asked = f"{url}{'&' if '?' in url else '?'}format=html"
    for response in (client.post(asked, **body), client.post(url, **body, headers={"accept": BROWSER})):  # type: ignore[arg-type]
        page = page_of(response)
        assert [passage.text.startswith("i") for passage in page.all("p", "passage")] == [True, True]
        assert [heading.text for heading in page.all("h4")] == ["Saliency", "Input \N{MULTIPLICATION SIGN} gradient"]
        assert not page.all("script")


def test_a_page_has_a_section_for_each_row(client: httpx.Client) -> None:
    body = {"instances": [TEXT, "good"], "parameters": {"method": "saliency"}}
    page = page_of(client.post("/v1/models/tiny:explain?format=html", json=body))
    assert [section.all("h2")[0].text for section in page.all("section", "row")] == ["Row 0", "Row 1"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/json, text/html;q=0.9", "application/json"),
        ("text/html;q=0", "application/json"),
        ("text/html;q=much", "application/json"),
        ("text/html, application/json", "text/html"),
        ("application/json;q=0.5, TEXT/HTML;q=0.6", "text/html"),
    ],
)
def test_programs_get_json_and_browsers_a_page(client: httpx.Client, accept: str, kind: str) -> None:
    body = V1 | {"parameters": {"method": "saliency"}}
    response = client.post("/v1/models/tiny:explain", json=body, headers={"accept": accept})
    assert response.headers["content-type"].partition(";")[0] == kind
    json = client.post("/v1/models/tiny:explain?format=json", json=body, headers={"accept": accept})
    assert json.headers["content-type"] == "application/json"


def test_json_has_the_explanations_of_all_methods_too(client: httpx.Client) -> None:
    methods = ["saliency", "input_x_gradient"]
    body = V1 | {"parameters": {"methods": methods}}
    (row,) = client.post("/v1/models/tiny:explain", json=body).json()["explanations"]
    assert [explanation["method"] for explanation in row["explanations"]] == methods
    ancestors = client.post("/explanations/tiny?methods=saliency,input_x_gradient", content=TEXT).json()
    assert [explanation["method"] for explanation in ancestors] == methods


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"methods": []}, "methods must be names of methods"),
        ({"methods": [1]}, "methods must be names of methods"),
        ({"methods": "saliency,magic"}, "methods must be one of"),
        ({"methods": "saliency", "method": "lime"}, "only one of method and methods"),
    ],
)
def test_methods_that_are_none_are_refused_with_the_reason(
    client: httpx.Client, parameters: dict[str, object], reason: str
) -> None:
    response = client.post("/v1/models/tiny:explain?format=html", json=V1 | {"parameters": parameters})
    assert response.status_code == 400
    assert reason in response.json()["error"]


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/v1/models/tiny:explain", V1 | {"parameters": {"target": "no such class"}}),
        ("/v2/models/tiny/explain", V2 | {"parameters": {"target": "no such class"}}),
        ("/explanations/tiny", {"text": TEXT, "target": "no such class"}),
    ],
)
def test_another_form_is_refused_before_anything_is_explained(
    client: httpx.Client, url: str, body: dict[str, object]
) -> None:
    response = client.post(f"{url}?format=pdf", json=body)
    assert response.status_code == 400
    assert "format must be json or html" in response.text
    assert "no such class" in client.post(url, json=body).text, "which the model has to be run for"


def test_the_playground_is_there_on_loopback_and_runs_nothing_but_its_own_script(client: httpx.Client) -> None:
    response = client.get("/playground")
    page = page_of(response)
    assert len(page.all("script")) == 1
    policy = dict(rule.split(" ", 1) for rule in response.headers["content-security-policy"].split("; "))
    assert policy["connect-src"] == "'self'"
    assert policy["script-src"].startswith("'sha256-")


def test_the_playground_opens_without_a_token_and_nothing_else_does(tiny_model: LoadedModel) -> None:
    with running({"tiny": tiny_model}, ServerOptions(token=Token("secret"))) as server:
        assert httpx.get(f"{server.url}/playground", timeout=PATIENCE_SECONDS).status_code == 200
        assert httpx.get(f"{server.url}/v2/models", timeout=PATIENCE_SECONDS).status_code == 401


def test_the_playground_is_left_out_where_it_is_not_wanted(tiny_model: LoadedModel) -> None:
    with running({"tiny": tiny_model}, ServerOptions(playground=False)) as server:
        assert httpx.get(f"{server.url}/playground", timeout=PATIENCE_SECONDS).status_code == 404


@pytest.mark.parametrize(
    ("options", "pod", "there"),
    [
        (ServerOptions(), False, True),
        (ServerOptions(), True, False),
        (ServerOptions(host="127.0.0.1"), True, False),
        (ServerOptions(host="0.0.0.0"), False, False),
        (ServerOptions(host="0.0.0.0", playground=True), True, True),
    ],
)
def test_it_is_on_where_only_this_machine_reaches_it(
    monkeypatch: pytest.MonkeyPatch, options: ServerOptions, pod: bool, there: bool
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    if pod:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert options.has_playground is there
