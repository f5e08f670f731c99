"""What rules and dashboard ask of predictors is what a real server tells a real Prometheus."""

from collections.abc import Iterator

import httpx
import pytest

from tests.monitoring.dashboards import MODELS
from tests.monitoring.exported import complaints, panel_complaints
from tests.monitoring.install import require_installed
from tests.monitoring.prometheus import Prometheus, Target, scraping
from tests.monitoring.rules_file import alerts
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.handler_archive import archive
from tests.predictor.server.running import running
from tests.predictor.tiny_language import make_language_artifact
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

LABELS = {"namespace": "team", "pod": "tiny-predictor-0", "container": "kserve-container"}
HANDLER = """
def handle(data, context):
    return ["answered"] * len(data) if data else None
"""
ASKED = {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["good"]}]}


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> LoadedGenerator:
    model = load_model(make_language_artifact(tmp_path_factory.mktemp("language") / "model"))
    assert isinstance(model, LoadedGenerator)
    return model


@pytest.fixture(scope="module")
def prometheus(
    tiny_model: LoadedModel, language_model: LoadedGenerator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """It reads a server with a token, which has been asked for everything that is measured."""
    require_installed()
    folder = tmp_path_factory.mktemp("monitored")
    models: dict[str, LoadedModel | LoadedGenerator] = {"tiny": tiny_model, "writer": language_model}
    options = ServerOptions(metrics_port=0, token=Token("secret"))
    with running(models, options, archives={"rows": archive(folder / "rows.mar", HANDLER)}) as server:
        target = Target(httpx.URL(server.metrics_url).netloc.decode(), LABELS, honor_labels=False)
        with scraping([target], folder) as prometheus:
            ask(server.url)
            prometheus.wait_until('count_over_time(transformermodel_requests_total{status="400"}[1m]) > 2')
            yield prometheus


def ask(url: str) -> None:
    """Predictions, an explanation, a text, an answer of a handler, and a mistake."""
    headers = {"authorization": "Bearer secret"}
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        assert client.post("/v2/models/tiny/infer", json=ASKED).status_code == 200
        explained = {"instances": ["good"], "parameters": {"method": "feature_ablation"}}
        assert client.post("/v1/models/tiny:explain", json=explained).status_code == 200
        assert client.post("/v2/models/writer/generate", json={"text_input": "the fox"}).status_code == 200
        assert client.post("/predictions/rows", content=b"x").status_code == 200
        assert client.post("/v2/models/tiny/infer", json={}).status_code == 400


def test_alerts_about_predictors_ask_for_what_is_exported(prometheus: Prometheus) -> None:
    theirs = [alert for alert in alerts() if alert.group == "transformermodel-predictors"]

    assert {line for alert in theirs for line in complaints(prometheus, alert.expression)} == set()


def test_the_dashboard_of_models_shows_something_everywhere(prometheus: Prometheus) -> None:
    values = {"namespace": "team", "model": ".+", "__rate_interval": "5m"}

    assert panel_complaints(prometheus, MODELS, values) == []


def test_what_looks_for_what_nobody_exports_is_found(prometheus: Prometheus) -> None:
    """The tests above would see it."""
    for expression, complaint in (
        ("sum(transformermodel_request_total)", "transformermodel_request_total is not exported"),
        ("transformermodel_requests_total{modell='tiny'}", "has no label modell"),
        ("transformermodel_requests_total{protocol='v3'}", "has no protocol of the value v3"),
        ("sum by (pots) (transformermodel_requests_total)", "has the label pots"),
        ("up and on (instanz) up", "has the label instanz"),
    ):
        (told,) = complaints(prometheus, expression)
        assert complaint in told
