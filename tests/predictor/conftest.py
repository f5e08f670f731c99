"""A tiny artifact, made once, and the model in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.compiler import require_compiler
from tests.made_once import made_once
from tests.object_stores.fixtures import object_server, running_object_servers  # noqa: F401 - for all tests below
from tests.predictor.access_log import AccessLog
from tests.predictor.gated import GatedEngine
from tests.predictor.tiny import make_tiny_artifact
from tests.predictor.tiny_language import build_language_artifact
from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.artifact.directory import Artifact, open_artifact
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.workers import Workers


@pytest.fixture(scope="session")
def tiny_artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Shared: never change its files."""
    return make_tiny_artifact(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_model(tiny_artifact: Artifact) -> LoadedModel:
    return load_model(tiny_artifact)


@pytest.fixture(scope="session")
def language_graph(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Format, str], Artifact]:
    """Language models of an architecture as graphs, each built once. Shared: never change their files."""

    @cache
    def built(form: Format, kind: str = "llama") -> Artifact:
        if form is Format.Exported:
            require_compiler()  # and then it takes a minute
        candidate = Candidate(form, EngineName(form.value), Precision.Float32)

        def make(folder: Path) -> Artifact:
            return build_language_artifact(folder / "model", candidate, kind)

        name = f"{kind} as {form.value}"
        return made_once(tmp_path_factory, name, make, lambda folder: open_artifact(folder / "model"))

    return built


@pytest.fixture
def workers() -> Iterator[Workers]:
    """A server's threads; what they have begun ends before the test does."""
    workers = Workers()
    with workers.engine, workers.text:
        yield workers


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
