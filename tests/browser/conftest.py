"""One browser and one server with a model of every task, for all tests of pages."""

import os
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium, chromium
from tests.browser.install import not_installed
from tests.predictor.server.running import RunningServer, running
from tests.predictor.tiny_tasks import make_artifacts
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

TOKEN = "open sesame"

Model = LoadedModel | LoadedGenerator


@pytest.fixture(scope="package")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """A tiny model of each task."""
    artifacts = make_artifacts(tmp_path_factory.mktemp("models"))
    return {name: load_model(artifact) for name, artifact in artifacts.items()}


@pytest.fixture(scope="package")
def server(models: dict[str, Model]) -> Iterator[RunningServer]:
    """Wants a token."""
    with running(models, ServerOptions(token=Token(TOKEN))) as ready:
        yield ready


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Skips where there is none; where all tests are asked for, that is a failure."""
    if reason := not_installed():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no browser: {reason}", pytrace=False)
        pytest.skip(f"no browser: {reason}")
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
