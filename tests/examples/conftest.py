"""The examples as artifacts, each prepared once from its own manifest."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.manifests import read_manifests
from transformermodel_api.preparation import Engine, Precision
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.preparation.contest.stability import Budget
from transformermodel_predictor.preparation.pipeline import prepare

EXAMPLES = Path(__file__).parents[2] / "examples"

Example = Callable[[str], LoadedModel]


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """Prepare and load an example; in float32 and without a contest, so that all machines answer the same."""
    store = tmp_path_factory.mktemp("store")

    @cache
    def load(name: str) -> LoadedModel:
        manifest = EXAMPLES / name / "model.yaml"
        (model,) = read_manifests(manifest)
        exact = model.spec.preparation.model_copy(update={"engine": Engine.Pretrained, "precision": Precision.Float32})
        request = PreparationRequest.of(model.spec.model_copy(update={"preparation": exact}))
        budget = Budget(seconds=0.0, least_rounds=2)
        prepared = prepare(request, LocalStore(store), Watcher(), base=manifest.parent, budget=budget)
        loaded = load_model(open_artifact(store / prepared.path))
        assert isinstance(loaded, LoadedModel)
        return loaded

    return load
