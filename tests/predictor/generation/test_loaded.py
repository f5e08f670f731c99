"""Loading a language model, and refusing what would write nonsense."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.predictor.tiny import CANDIDATE
from tests.predictor.tiny_language import END, make_language_artifact
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.directory import Artifact, seal
from transformermodel_predictor.artifact.generation import GenerationDefaults
from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import load_model


@pytest.fixture
def files(language_artifact: Artifact, tmp_path: Path) -> Path:
    """A copy of the artifact's files, to be spoilt."""
    copy = tmp_path / "copy"
    shutil.copytree(language_artifact.path, copy, ignore=shutil.ignore_patterns("manifest.json"))
    return copy


def resealed(files: Path) -> Artifact:
    provenance = Provenance(
        candidate=CANDIDATE, source="file://tiny", commit="0123456", adapter=None, libraries={}, pipeline=1
    )
    return seal(files, provenance)


def test_the_configurations_defaults_hold(tmp_path: Path) -> None:
    model = load_model(make_language_artifact(tmp_path / "model", GenerationDefaults(max_new_tokens=3)))

    (answer,) = model.answer([{"text": "the"}])

    assert answer["generated_tokens"] <= 3


def test_several_ends_are_known(files: Path) -> None:
    written = json.loads((files / "generation_config.json").read_text())
    (files / "generation_config.json").write_text(json.dumps({**written, "eos_token_id": [END, 9]}))

    model = load_model(resealed(files))

    assert isinstance(model, LoadedGenerator)
    assert model.ends == {END, 9}


def test_a_tokenizer_without_words_is_refused(files: Path) -> None:
    tokenizer = json.loads((files / "tokenizer.json").read_text())
    tokenizer["model"] |= {"vocab": {"<unk>": 0, "<s>": 1, "</s>": 2}, "merges": []}
    (files / "tokenizer.json").write_text(json.dumps(tokenizer))

    with pytest.raises(PreparationFailed, match="has no tokenizer files") as failure:
        load_model(resealed(files))

    assert failure.value.reason is FailureReason.UnsupportedSource


def test_a_tokenizer_of_another_model_is_refused(files: Path) -> None:
    tokenizer = json.loads((files / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["further"] = 9999
    (files / "tokenizer.json").write_text(json.dumps(tokenizer))

    with pytest.raises(PreparationFailed, match="has tokens up to 9999, but the model has embeddings for 320"):
        load_model(resealed(files))


def test_it_has_a_replica_on_each_further_device(language_artifact: Artifact) -> None:
    model = load_model(language_artifact, [torch.device("cpu")] * 3)

    assert isinstance(model, LoadedGenerator)
    decoders: list[Any] = [new_decoder() for new_decoder in (model.new_decoder, *model.replicas)]
    assert len({id(decoder._model) for decoder in decoders}) == 3
