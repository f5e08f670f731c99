"""A tiny artifact, made once, and the model in it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.object_stores.fixtures import object_server, running_object_servers  # noqa: F401 - for all tests below
from tests.predictor.access_log import AccessLog
from tests.predictor.gated import GatedEngine
from tests.predictor.tiny import make_tiny_artifact
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.loading import LoadedModel, load_model


@pytest.fixture(scope="session")
def tiny_artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Shared: never change its files."""
    return make_tiny_artifact(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_model(tiny_artifact: Artifact) -> LoadedModel:
    return load_model(tiny_artifact)


@pytest.fixture
def access_log() -> Iterator[AccessLog]:
    with AccessLog.listening() as log:
        yield log


@pytest.fixture
def gated_engine() -> GatedEngine:
    return GatedEngine()


@pytest.fixture
def gated_model(tiny_model: LoadedModel, gated_engine: GatedEngine) -> LoadedModel:
    """The tiny model, run only when the test lets it."""
    return replace(tiny_model, engine=gated_engine)
