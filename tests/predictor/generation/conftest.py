"""A tiny language model, made once."""

from collections.abc import Iterator

import pytest
from transformers import PreTrainedModel, TokenizersBackend

from tests.predictor.generation.gated import GatedDecoder
from tests.predictor.one_thread import with_one_thread
from tests.predictor.tiny_language import make_language_artifact, make_language_model, make_language_tokenizer
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import load_model

one_thread = pytest.fixture(scope="package", autouse=True)(with_one_thread)


@pytest.fixture(scope="package")
def tokenizer() -> TokenizersBackend:
    return make_language_tokenizer()


@pytest.fixture(scope="package")
def llama() -> PreTrainedModel:
    return make_language_model("llama")


@pytest.fixture(scope="package")
def language_artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Shared: never change its files."""
    return make_language_artifact(tmp_path_factory.mktemp("language") / "model")


@pytest.fixture(scope="package")
def generator(language_artifact: Artifact) -> LoadedGenerator:
    model = load_model(language_artifact)
    assert isinstance(model, LoadedGenerator)
    return model


@pytest.fixture
def gated(generator: LoadedGenerator) -> Iterator[GatedDecoder]:
    decoder = GatedDecoder(generator.new_decoder())
    yield decoder
    decoder.permit(1000)
