"""Every combination of task, method and protocol, over one server with a tiny model of each task."""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import httpx
import pytest

from tests.predictor.explanations.protocols import PROTOCOLS, Ask, Clients, Fields, Importances, Parameters, Refused
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.pages.reading import read
from tests.predictor.server.running import running
from tests.predictor.server.test_grpc import Client
from tests.predictor.tiny_tasks import make_artifacts
from transformermodel_predictor.explanations.explanation import Method
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.handlers import make_handler
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.workers import Workers

QUESTIONS: Mapping[str, Fields] = {
    "sentiment": {"text": "i hate this bad movie"},
    "entities": {"text": "sarah lives in london"},
    "questions": {"question": "who lives in london?", "context": "sarah and bob."},
    "generation": {"text": "once upon a time"},
}
"""By the names of the models, which are those of the tasks."""

NOTHING: Mapping[str, Fields] = {"sentiment": {"text": ""}, "entities": {"text": ""}, "generation": {"text": ""}}
"""A question and its context may not be empty, when they are to be answered."""

POSSIBLE: Mapping[str, list[str]] = {
    "sentiment": ["NEGATIVE, NEUTRAL, POSITIVE"],
    "entities": ["PER, LOC", '"start"'],
    "questions": ["the best answers by their number from 0", '{"start": 0, "end": 14}'],
    "generation": ["all for the whole continuation", "numbers of generated tokens from 0 to 1"],
}
"""What a refusal names, of what could be asked for instead."""

LITTLE: Parameters = {"steps": 4, "max_steps": 8, "samples": 8}
"""Few steps and samples: what is explained is the same whatever the protocol."""

Model = LoadedModel | LoadedGenerator


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    artifacts = make_artifacts(tmp_path_factory.mktemp("models"))
    return {name: load_model(artifact) for name, artifact in artifacts.items()}


@pytest.fixture(scope="module")
def clients(models: dict[str, Model]) -> Iterator[Clients]:
    with (
        running(models, ServerOptions(grpc_port=0)) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
    ):
        yield Clients(http, Client(server.grpc_address))


@pytest.fixture(scope="module")
def expected(models: dict[str, Model]) -> Callable[[str, Method], Importances]:
    """What a model's handler tells, that knows no protocol."""

    @cache
    def explain(task: str, method: Method) -> Importances:
        workers = Workers()
        try:
            handler = make_handler(task, models[task], workers)
            asked = {**parameters(task), "method": method.value}
            (explained,) = asyncio.run(handler.explain([QUESTIONS[task]], asked))
        finally:
            workers.shutdown()
        return [[token.importance for token in explanation.tokens] for explanation in explained.explanations]

    return explain


def parameters(task: str) -> Parameters:
    return {**LITTLE, "max_new_tokens": 2} if task == "generation" else LITTLE


@pytest.fixture(params=PROTOCOLS)
def ask(request: pytest.FixtureRequest) -> Ask:
    return PROTOCOLS[request.param]


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("task", QUESTIONS)
def test_every_task_is_explained_by_every_method_in_every_protocol(
    clients: Clients, expected: Callable[[str, Method], Importances], ask: Ask, task: str, method: Method
) -> None:
    told = ask(clients, task, QUESTIONS[task], {**parameters(task), "method": method.value})
    handlers = expected(task, method)
    assert len(told) == len(handlers) > 0
    for importances, wanted in zip(told, handlers, strict=True):
        assert importances == pytest.approx(wanted, abs=1e-3)  # what else runs at the same time moves the last digits
        assert any(importances)


@pytest.mark.parametrize("task", QUESTIONS)
def test_without_a_method_a_model_is_explained_by_the_one_that_its_metadata_name(clients: Clients, task: str) -> None:
    facts = clients.http.get(f"/v2/models/{task}").json()["parameters"]["explanations"]
    asked = {"instances": [QUESTIONS[task]], "parameters": parameters(task)}
    response = clients.http.post(f"/v1/models/{task}:explain", json=asked)
    assert response.status_code == 200, response.text
    (row,) = response.json()["explanations"]
    used = {explanation["method"] for explanation in row["explanations"]}
    assert used == {facts["parameters"]["method"]["default"]}
    assert used == {"feature_ablation" if task == "generation" else "integrated_gradients"}


@pytest.mark.parametrize("task", QUESTIONS)
def test_every_task_has_a_page_with_all_methods(clients: Clients, task: str) -> None:
    asked = {"instances": [QUESTIONS[task]], "parameters": {**parameters(task), "methods": ",".join(Method)}}
    response = clients.http.post(f"/v1/models/{task}:explain?format=html", json=asked)
    assert response.status_code == 200, response.text
    page = read(response.text)
    assert len({heading.text for heading in page.all("h4")}) == len(Method)
    assert len(page.all("p", "passage")) == len(page.all("h4")) * len(QUESTIONS[task])
    assert all("nan" not in cell.text.lower() for cell in page.all("td", "number"))


@pytest.mark.parametrize(
    "text", ["bad", "[SEP] [CLS] [PAD] </s>", "\N{SNOWMAN}\N{SNOWMAN} \U0001f600", "\x00", "\u200b"]
)
@pytest.mark.parametrize("task", QUESTIONS)
def test_odd_texts_are_explained_in_finite_numbers(clients: Clients, task: str, text: str) -> None:
    """A single token, nothing but what looks like special tokens, unknown characters, characters that nobody sees."""
    fields = dict.fromkeys(QUESTIONS[task], text)
    for method in Method:
        told = PROTOCOLS["v1"](clients, task, fields, {**parameters(task), "method": method.value})
        for importances in told:
            assert math.hypot(*importances) == pytest.approx(1) or not any(importances)


@pytest.mark.parametrize("task", QUESTIONS)
def test_a_target_that_is_not_there_is_refused_with_those_that_are(clients: Clients, ask: Ask, task: str) -> None:
    for wanted in ("nobody", 4711, "[1, 4711]"):
        with pytest.raises(Refused) as refused:
            ask(clients, task, QUESTIONS[task], {**parameters(task), "target": wanted})
        message = str(refused.value)
        assert "is not there; possible are " in message
        assert all(possible in message for possible in POSSIBLE[task]), message


@pytest.mark.parametrize("task", NOTHING)
def test_a_text_of_nothing_has_importances_of_zero_and_nothing_that_is_no_number(
    clients: Clients, ask: Ask, task: str
) -> None:
    for method in Method:
        told = ask(clients, task, NOTHING[task], {**parameters(task), "method": method.value})
        assert not any(map(any, told))
