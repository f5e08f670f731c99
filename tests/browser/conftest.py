"""One browser and one server with a model of every task, for all tests of pages."""

import os
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium, chromium
from tests.browser.install import not_installed
from tests.browser.models import make_artifacts
from tests.predictor.server.running import RunningServer, running
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

TOKEN = "open sesame"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    artifacts = make_artifacts(tmp_path_factory.mktemp("models"))
    options = ServerOptions(token=Token(TOKEN))
    with running({name: load_model(artifact) for name, artifact in artifacts.items()}, options) as ready:
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
